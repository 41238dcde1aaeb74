"""From a signed stop rule to the money back in the envelope; the clock, the sponsor, what was promised."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, User
from dashboards.home import waiting_for
from governance.models import Announced, EnvelopeBalance, Recommendation, RecommendationAnswer, StopRule
from governance.seen import pilot_clock
from governance.services import outcome_of_stopping, parts, watching
from governance.services.watching import answer_recommendation, ask_extension, report_first_user, watch
from governance.tasks import remind_of_promises, watch_running
from ledger import clock
from ledger.models import LedgerEntry
from portfolio import lifecycle
from portfolio.models import Initiative
from portfolio.services import confirm_sponsorship, measure
from scoring.positions import refresh_returns
from tests.factories import SignIn
from tests.governance.conftest import Cast, in_pilot, submitted

pytestmark = pytest.mark.django_db
DUE = 40


@pytest.fixture
def pilot(cast: Cast) -> Initiative:
    """A pilot that signed two rules: misrouting above 10 % after forty days, and its clock."""
    day = (clock.today() + timedelta(days=DUE)).isoformat()
    rules = [{"kind": "kpi", "kpi": "misrouted", "value": "10", "on": day}, {"kind": "clock"}]
    return in_pilot(cast, stop_when=rules, stop_rules=[])


@pytest.fixture
def later(pilot: Initiative) -> Iterator[date]:
    """The day after the rule's day; the value that was measured then is too bad."""
    with time_machine.travel(clock.now() + timedelta(days=DUE + 1), tick=False):
        assert pilot.owner is not None
        measure(pilot, kpi_key="misrouted", month=clock.today(), value=Decimal(14), actor=pilot.owner)
        yield clock.today()


def test_a_rule_is_signed_in_words_and_as_data(pilot: Initiative) -> None:
    first, second = StopRule.objects.filter(initiative=pilot).order_by("id")
    assert first.text.startswith(
        "Stop if “Tickets sent to the wrong group” is above 10 percent of new tickets on"
    )
    assert (first.kind, first.parameters["value"], second.kind) == ("kpi", "10", "clock")
    signing = pilot.signing_rounds.get()
    assert signing.content["stop_rules"] == [first.text, second.text]


def test_a_firing_is_told_once_and_waits_for_cfo_and_ceo(pilot: Initiative, later: date, cast: Cast) -> None:
    assert watch_running() == 1
    row = Recommendation.objects.get()
    fired = row.open_findings[0]
    assert row.proposal == "stop"
    assert fired["is_rule"]
    assert "14 percent of new tickets" in fired["sentence"]
    assert row.would_free == Decimal(100_000)
    told = Notification.objects.filter(subject__contains="Keel proposes to stop it")
    readers = {note.recipient for note in told}
    assert {cast.owner, cast.sponsor, cast.portfolio_office, cast.cfo} == readers
    before = (Notification.objects.count(), Recommendation.objects.values().get())
    assert [watch_running(), watch_running()] == [0, 0]
    assert (Notification.objects.count(), Recommendation.objects.values().get()) == before
    assert [item.what for item in waiting_for(cast.cfo) if "stop" in item.what] == ["Answer: stop it?"]


def test_the_next_day_tells_nothing_twice_and_a_better_value_ends_it(
    pilot: Initiative, later: date, cast: Cast
) -> None:
    watch()
    number = Notification.objects.filter(subject__contains="Keel proposes").count()
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        assert watch() == 1
        assert Notification.objects.filter(subject__contains="Keel proposes").count() == number
        measure(pilot, kpi_key="misrouted", month=clock.today(), value=Decimal(9), actor=cast.owner)
        assert watch() == 1
        assert not Recommendation.objects.get().open_findings
        assert not Announced.objects.filter(is_finding=True).exists()


def test_the_ceo_stops_it_and_the_money_is_back_in_the_envelope(
    pilot: Initiative, later: date, cast: Cast, sign_in: SignIn
) -> None:
    watch()
    before = EnvelopeBalance.objects.get()
    assert before.committed > 0
    page = sign_in(cast.ceo)
    url = f"/initiatives/{pilot.pk}/recommendation/"
    freed = page.get(url).context["freed"]
    assert sum(row["amount"] for row in freed) == 100_000
    answer = {"answer": "stop", "reason": "The rule we signed has fired.", "until": ""}
    assert page.post(url, answer).status_code == 302
    pilot.refresh_from_db()
    after = EnvelopeBalance.objects.get()
    assert (pilot.closed_kind, pilot.outcome) == ("stopped", "stopped_early")
    assert after.committed == 0
    assert after.room - before.room == before.committed
    acts = list(LedgerEntry.objects.order_by("-seq").values_list("act", flat=True)[:2])
    assert acts == ["initiative.stopped", "recommendation.answered"]
    watch()
    assert not Recommendation.objects.exists()


def test_the_cfo_asks_the_office_to_propose_a_stop(pilot: Initiative, later: date, cast: Cast) -> None:
    answer_recommendation(pilot, answer="stop", reason="It has fired.", actor=cast.cfo)
    pilot.refresh_from_db()
    assert pilot.is_open
    assert [item.what for item in waiting_for(cast.portfolio_office)][:1] == ["Propose to stop it"]


def test_keeping_going_silences_until_its_day(pilot: Initiative, later: date, cast: Cast) -> None:
    until = later + timedelta(days=20)
    answer_recommendation(pilot, answer="keep", reason="New data comes.", until=until, actor=cast.cfo)
    row = Recommendation.objects.get()
    assert (row.proposal, row.findings[0]["silenced_until"]) == ("", until.isoformat())
    with pytest.raises(InvalidMove):
        answer_recommendation(pilot, answer="keep", reason="Again", until=until, actor=cast.cfo)
    watch(until)
    assert not Recommendation.objects.get().proposal
    watch(until + timedelta(days=1))
    assert Recommendation.objects.get().proposal == "stop"


def test_a_hold_is_placed_and_the_second_one_proposes_to_stop(
    pilot: Initiative, later: date, cast: Cast
) -> None:
    until = later + timedelta(days=5)
    answer_recommendation(pilot, answer="hold", reason="Look at data.", until=until, actor=cast.cfo)
    assert lifecycle.holding(pilot) is not None
    with time_machine.travel(clock.now() + timedelta(days=7), tick=False):
        again = clock.today() + timedelta(days=5)
        answer_recommendation(pilot, answer="hold", reason="Once more.", until=again, actor=cast.ceo)
        watch()
        assert "holds" in {item["key"] for item in Recommendation.objects.get().open_findings}


def test_an_extension_is_asked_for_by_the_unit_and_granted_once(pilot: Initiative, cast: Cast) -> None:
    report_first_user(pilot, on=clock.today(), note="The first group routes by it.", actor=cast.owner)
    ends_on = pilot_clock(pilot).ends_on
    ask_extension(pilot, reason="The second group starts late.", actor=cast.unit_lead)
    with pytest.raises(InvalidMove):
        ask_extension(pilot, reason="Once more.", actor=cast.unit_lead)
    assert "Grant more time?" in [item.what for item in waiting_for(cast.cfo)]
    answer_recommendation(pilot, answer="extend", reason="Fair.", actor=cast.cfo)
    extended = pilot_clock(pilot)
    assert extended.is_extended
    assert ends_on is not None
    assert extended.ends_on is not None
    assert (extended.ends_on - ends_on).days in range(89, 93)
    with pytest.raises(InvalidMove):
        answer_recommendation(pilot, answer="extend", reason="Again.", actor=cast.cfo)


def test_stopping_within_the_true_clock_is_early_and_after_it_not(pilot: Initiative, cast: Cast) -> None:
    assert outcome_of_stopping(pilot) == "stopped_early"
    report_first_user(pilot, on=clock.today(), note="A first dispatcher.", actor=cast.owner)
    with time_machine.travel(clock.now() + timedelta(days=181), tick=False):
        assert outcome_of_stopping(pilot) == "stopped_early"
    with time_machine.travel(clock.now() + timedelta(days=190), tick=False):
        assert outcome_of_stopping(pilot) != "stopped_early"


def test_a_first_user_may_be_corrected_to_an_earlier_day_only(pilot: Initiative, cast: Cast) -> None:
    with time_machine.travel(clock.now() + timedelta(days=10), tick=False):
        today = clock.today()
        report_first_user(pilot, on=today - timedelta(days=3), note="One", actor=cast.owner)
        with pytest.raises(InvalidMove):
            report_first_user(pilot, on=today, note="Two", actor=cast.owner)
        report_first_user(pilot, on=today - timedelta(days=5), note="Three", actor=cast.owner)
        assert pilot_clock(pilot).starts_on == today - timedelta(days=5)


def test_a_sponsor_steps_down_a_new_one_confirms_and_renews(pilot: Initiative, cast: Cast) -> None:
    parts.step_down(pilot, reason="I change the division.", actor=cast.sponsor)
    pilot.refresh_from_db()
    assert pilot.sponsor is None
    assert lifecycle.refresh(pilot) == []
    with pytest.raises(NotAllowed):
        parts.step_down(pilot, reason="Again.", actor=cast.sponsor)
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        watch()
        assert "sponsor" in {item["key"] for item in Recommendation.objects.get().open_findings}
        parts.appoint_to(
            pilot, part="sponsor", person=cast.unit_head, reason="Takes it over.", actor=cast.unit_lead
        )
        watch()
        row = Recommendation.objects.get()
        assert row.renewal_due_on == clock.today() + timedelta(days=30)
        assert "sponsor" not in {item["key"] for item in row.findings}
        pilot.refresh_from_db()
        confirm_sponsorship(pilot, sentence="I stand behind it.", actor=cast.unit_head)
        watch()
        due = Recommendation.objects.get().renewal_due_on
        assert due is not None
    with time_machine.travel(due - timedelta(days=10), tick=False):
        watch()
        watch()
        assert Notification.objects.filter(subject__startswith="Renew your sponsorship").count() == 1
        assert "Renew your sponsorship" in [item.what for item in waiting_for(cast.unit_head)]


def test_rebuilding_gives_the_same_and_finds_what_was_changed(pilot: Initiative, later: date) -> None:
    refresh_returns()
    watch()
    kept = Recommendation.objects.values().get()
    out = StringIO()
    call_command("rebuild", "--check", stdout=out)
    assert "1 recommendations: 0 differences" in out.getvalue()
    Recommendation.objects.update(proposal="fix")
    with pytest.raises(SystemExit):
        call_command("rebuild", "--check", stdout=out)
    call_command("rebuild", stdout=out)
    assert Recommendation.objects.values().get() == kept


def test_a_promise_is_shown_reminded_once_and_counted(cast: Cast, sign_in: SignIn) -> None:
    initiative = submitted(cast)
    assert initiative.submitted_at is not None
    page = sign_in(cast.unit_lead).get(f"/initiatives/{initiative.pk}/").content.decode()
    assert "Triage promised" in page
    assert "Decision promised" in page
    with time_machine.travel(clock.now() + timedelta(days=9), tick=False):
        assert [remind_of_promises(), remind_of_promises()] == [1, 0]
        shown = sign_in(cast.cfo).get("/promises/")
        assert shown.context["late"][0].what == "triage"
        row = next(row for row in shown.context["rows"] if row.what == "triage")
        assert (row.kept, row.missed, row.open) == (0, 1, 0)


def test_many_cost_as_many_queries_as_one(cast: Cast, pilot: Initiative) -> None:
    in_pilot(cast, title="Answer questions of field support")

    def queries(ids: list[int]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            watching.write(item.row for item in watching.compute(ids, seq=1, on=clock.today()))
        return len(found)

    ids = list(watching.running().values_list("pk", flat=True))
    assert len(ids) == 2
    assert queries(ids[:1]) == queries(ids)


ACTS: dict[str, tuple[str, str, dict[str, Any], str, dict[str, Any]]] = {
    # The route, who may, what they send, somebody whose role is wrong, and what is refused.
    "answer": ("recommendation", "cfo", {"answer": "stop", "reason": "x"}, "finance", {"answer": "no"}),
    "first-user": ("first-user", "owner", {"on": "2020-01-01", "note": "x"}, "finance", {"on": "tomorrow"}),
    "extension": ("extension", "unit_lead", {"reason": "More"}, "finance", {"reason": ""}),
    "appoint": ("appoint", "portfolio_office", {"reason": "x"}, "finance", {"part": "king"}),
    "step-down": ("step-down", "sponsor", {"reason": "I go"}, "cfo", {"reason": ""}),
}  # fmt: skip


def test_each_page_refuses_the_wrong_role_a_stranger_wrong_input_and_a_closed_one(
    pilot: Initiative, cast: Cast, outsider: User, sign_in: SignIn
) -> None:
    entries = LedgerEntry.objects.count()
    for route, who, _, wrong, bad in ACTS.values():
        url = f"/initiatives/{pilot.pk}/{route}/"
        assert sign_in(getattr(cast, wrong)).post(url, bad).status_code == 403, route
        assert sign_in(outsider).post(url, bad).status_code in {403, 404}, route
        holder = sign_in(getattr(cast, who))
        assert holder.get(url).status_code == 200, route
        assert holder.post(url, bad).status_code == 422, route
        assert holder.put(url).status_code == 405, route
    Initiative.objects.filter(pk=pilot.pk).update(closed_kind="stopped")
    for route, who, good, _, _ in ACTS.values():
        url = f"/initiatives/{pilot.pk}/{route}/"
        assert sign_in(getattr(cast, who)).post(url, good).status_code == 409, route
    assert LedgerEntry.objects.count() == entries


def test_answers_that_cannot_be_are_refused(pilot: Initiative, later: date, cast: Cast) -> None:
    for answer, until in (
        ("keep", None),
        ("hold", later),
        ("keep", later + timedelta(days=93)),
        ("go", later),
    ):
        with pytest.raises(Refused):
            answer_recommendation(pilot, answer=answer, reason="x", until=until, actor=cast.cfo)
    with pytest.raises(NotAllowed):
        answer_recommendation(pilot, answer="stop", reason="x", actor=cast.portfolio_office)
    assert not RecommendationAnswer.objects.exists()


def test_the_pages_show_what_fired(pilot: Initiative, later: date, cast: Cast, sign_in: SignIn) -> None:
    refresh_returns()
    watch()
    page = sign_in(cast.cfo)
    assert "Keel proposes: stop" in page.get(f"/initiatives/{pilot.pk}/").content.decode()
    executive = page.get("/portfolio/").content.decode()
    assert "14 percent of new tickets" in executive.split("What Keel recommends")[1]
