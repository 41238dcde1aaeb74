"""What the gates ask is drafted by the office and put in force by CFO or risk officer."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.errors import Changed, Incomplete, InvalidMove, NotAllowed, Refused
from accounts.models import Role, Unit, User
from governance import drift, gate_workshop, gates
from governance.models import GateItem, GateSet, GateSetDraft, GateSetProposal
from governance.services import gate_sets
from ledger import clock
from ledger.models import LedgerEntry
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, assessed, in_pilot, submitted

WHY = "Pilots were sampled too rarely."
Content = dict[str, Any]


def edited(content: Content, gate: str, key: str, **changes: Any) -> Content:
    """The document with one item changed; `parameters` are laid over."""
    found = deepcopy(content)
    row = next(row for row in found["items"] if (row["gate"], row["key"]) == (gate, key))
    row["parameters"] |= changes.pop("parameters", {})
    row |= changes
    return found


def drafted(office: User, gate: str = "G2", key: str = "score", **changes: Any) -> GateSetDraft:
    """A draft that differs by one item."""
    draft = gate_sets.start_gate_draft(actor=office)
    content = edited(draft.content, gate, key, **(changes or {"parameters": {"at_least": "60"}}))
    return gate_sets.save_gate_draft(content=content, version=draft.version, actor=office)


def proposed(office: User, *args: str, **changes: Any) -> GateSetProposal:
    """The same, frozen."""
    draft = drafted(office, *args, **changes)
    return gate_sets.propose_gates(version=draft.version, reason=WHY, actor=office)


def put_in_force(proposal: GateSetProposal, actor: User, **values: Any) -> None:
    """The yes to it."""
    given: dict[str, Any] = {
        "put_in_force": True,
        "seen_hash": proposal.content_hash,
        "reason": "Agreed.",
    } | values
    gate_sets.decide_gates(proposal, **given, actor=actor)


# Pure ----------------------------------------------------------------------------------------


@pytest.fixture
def base(db: None) -> Content:
    """Version 1 as a document."""
    return gate_workshop.content_of(1)


def test_version_one_is_whole_and_changes_nothing(base: Content) -> None:
    assert gate_workshop.check(base, base) == {}
    assert gate_workshop.changes(base, deepcopy(base)) == []


@pytest.mark.parametrize(
    ("gate", "key", "change", "place"),
    [
        ("G2", "skills", {"text": " "}, "G2.skills.text"),
        ("G2", "skills", {"text": "the DATA that it needs"}, "G2.data.text"),
        ("G2", "skills", {"text": "x" * 301}, "G2.skills.text"),
        ("G2", "skills", {"supplied_by": "the cat"}, "G2.skills.supplied_by"),
        ("G2", "score", {"parameters": {"at_least": "101"}}, "G2.score.at_least"),
        ("G2", "score", {"parameters": {"at_least": ""}}, "G2.score.at_least"),
        ("G2", "score", {"parameters": {"explore": "-1"}}, "G2.score.explore"),
        ("G4", "grade", {"parameters": {"at_least": "Z"}}, "G4.grade.at_least"),
        ("G6", "attested_months", {"parameters": {"at_least": "61"}}, "G6.attested_months.at_least"),
        ("G3", "room", {"is_must": False}, "G3.room.is_must"),
        ("G3", "stop_rules", {"parameters": {"tracks": []}}, "G3.stop_rules.tracks"),
    ],
)
def test_what_is_wrong_is_said_at_its_row(
    base: Content, gate: str, key: str, change: dict[str, Any], place: str
) -> None:
    assert list(gate_workshop.check(edited(base, gate, key, **deepcopy(change)), base)) == [place]


@pytest.mark.parametrize(
    ("gate", "key"), [("G1", "sponsor_confirmed"), ("G2", "plan"), ("G5", "risk_officer_accepts")]
)
def test_what_the_product_rests_on_is_never_left_out(base: Content, gate: str, key: str) -> None:
    without = [row for row in gate_workshop.rows_at(base, gate) if row["key"] != key]
    wrong = gate_workshop.check(gate_workshop.with_rows(base, gate, without), base)
    assert list(wrong) == [gate]


def test_items_are_added_moved_and_removed(base: Content) -> None:
    rows = gate_workshop.rows_at(base, "G4")
    new = gate_workshop.new_row(base, "G4", "given:evidence") | {"text": "Users were asked"}
    assert new["key"] == "evidence_1"
    changed = gate_workshop.with_rows(base, "G4", [*gate_workshop.moved(rows, "room", 1), new])
    said = [(row["text"], row["words"]) for row in gate_workshop.changes(base, changed)]
    assert said == [
        ("Users were asked", "is new, a must, supplied by owner"),
        ("Order", "its items stand in another order"),
    ]
    with pytest.raises(ValueError, match="Choose"):
        gate_workshop.new_row(base, "G0", "field:stop_rules")


@pytest.mark.parametrize("value", ["", "0", "-1", "ten", "101"])
def test_a_material_change_is_a_number(base: Content, value: str) -> None:
    content = base | {"material": base["material"] | {"cost_up_percent": value}}
    assert list(gate_workshop.check(content, base)) == ["cost_up_percent"]


# The acts ------------------------------------------------------------------------------------


def test_the_office_proposes_and_the_risk_officer_puts_it_in_force(
    portfolio_office: User, risk_officer: User
) -> None:
    proposal = proposed(portfolio_office)
    put_in_force(proposal, risk_officer)
    assert gates.version_in_force() == 2
    assert GateItem.objects.get(version=2, key="score").parameters["at_least"] == "60"
    assert GateItem.objects.filter(version=1).count() == GateItem.objects.filter(version=2).count()
    assert gate_workshop.hash_of(gate_workshop.content_of(2)) == proposal.content_hash
    assert not GateSetDraft.objects.exists()
    assert list(LedgerEntry.objects.order_by("-seq").values_list("act", flat=True)[:2]) == [
        "gates.put_in_force",
        "gates.proposed",
    ]


def test_a_refused_proposal_leaves_its_draft(portfolio_office: User, cfo: User) -> None:
    proposal = proposed(portfolio_office)
    draft = GateSetDraft.objects.get()
    with pytest.raises(InvalidMove, match="frozen"):
        gate_sets.save_gate_draft(content={}, version=draft.version, actor=portfolio_office)
    put_in_force(proposal, cfo, put_in_force=False)
    assert gates.version_in_force() == 1
    gate_sets.save_gate_draft(
        content=edited(draft.content, "G2", "score", is_must=False),
        version=draft.version,
        actor=portfolio_office,
    )
    with pytest.raises(InvalidMove, match="answered already"):
        put_in_force(proposal, cfo)


def test_who_wrote_it_does_not_put_it_in_force(group: Unit, portfolio_office: User) -> None:
    both = factories.make_person("Bo Both", Role.PORTFOLIO_OFFICE, group)
    factories.grant(both, Role.RISK_OFFICER, group)
    draft = drafted(portfolio_office)
    content = edited(draft.content, "G2", "score", is_must=False)
    draft = gate_sets.save_gate_draft(content=content, version=draft.version, actor=both)
    proposal = gate_sets.propose_gates(version=draft.version, reason=WHY, actor=portfolio_office)
    with pytest.raises(NotAllowed, match="You wrote on this version"):
        put_in_force(proposal, User.objects.get(pk=both.pk))


def test_others_neither_draft_nor_decide(
    unit: Unit, portfolio_office: User, ceo: User, unit_lead: User, sign_in: SignIn
) -> None:
    here = factories.make_person("Olaf Officehere", Role.PORTFOLIO_OFFICE, unit)
    for user in (ceo, unit_lead, here):
        with pytest.raises(NotAllowed):
            gate_sets.start_gate_draft(actor=user)
    proposal = proposed(portfolio_office)
    for user in (ceo, portfolio_office, factories.make_person("Rolf Riskhere", Role.RISK_OFFICER, unit)):
        with pytest.raises(NotAllowed):
            put_in_force(proposal, user)
    assert sign_in(unit_lead).get(reverse("gate-draft")).status_code == 403


def test_what_is_put_in_force_is_what_was_seen(portfolio_office: User, cfo: User, sign_in: SignIn) -> None:
    proposal = proposed(portfolio_office)
    url = reverse("gate-decide", args=[proposal.pk])
    typed = {"put_in_force": "1", "reason": "Agreed.", "seen_hash": "0" * 64}
    assert sign_in(cfo).post(url, typed).status_code == 409
    typed["seen_hash"] = proposal.content_hash
    assert sign_in(cfo, fresh=False).post(url, typed).status_code == 422
    assert sign_in(cfo).post(url, typed | {"reason": " "}).status_code == 422
    assert sign_in(cfo).get(url).status_code == 405
    assert gates.version_in_force() == 1
    assert sign_in(cfo).post(url, typed).status_code == 302
    assert sign_in(cfo).post(url, typed).status_code == 409


def test_an_unfinished_draft_is_kept_but_not_proposed(portfolio_office: User) -> None:
    draft = drafted(portfolio_office, "G2", "score", text="")
    with pytest.raises(Incomplete) as caught:
        gate_sets.propose_gates(version=draft.version, reason=WHY, actor=portfolio_office)
    assert caught.value.missing == {"G2.score.text": "Say what the gate asks."}
    with pytest.raises(Refused):
        gate_sets.propose_gates(version=draft.version, reason=" ", actor=portfolio_office)
    with pytest.raises(Changed):
        gate_sets.save_gate_draft(content={}, version=1, actor=portfolio_office)
    with pytest.raises(InvalidMove, match="open already"):
        gate_sets.start_gate_draft(actor=portfolio_office)
    gate_sets.discard_gate_draft(version=draft.version, actor=portfolio_office)
    draft = gate_sets.start_gate_draft(actor=portfolio_office)
    with pytest.raises(InvalidMove, match="says the same"):
        gate_sets.propose_gates(version=draft.version, reason=WHY, actor=portfolio_office)


# From which gate on it asks ------------------------------------------------------------------


def test_a_new_version_asks_at_the_next_gate(cast: Cast) -> None:
    under_review, before = assessed(cast), submitted(cast, title="Another one")
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        put_in_force(proposed(cast.portfolio_office), cast.cfo)
        assert gates.version_for(under_review, "G2") == 1
        assert gates.version_for(under_review, "G3") == 2
        assert gates.version_for(before, "G2") == 2
        hurdles = {row.key: row.found for row in gates.check(under_review, "G2")}
        assert hurdles["score"] == "no score yet"
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        gates.complete_case(before, actor=cast.unit_lead)
        gates.triage(before, track="full", actor=cast.portfolio_office)
        before.refresh_from_db()
        assert gates.version_for(before, "G2") == 2


def test_a_decision_is_held_to_the_thresholds_that_it_was_taken_under(cast: Cast) -> None:
    running = in_pilot(cast)
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        draft = gate_sets.start_gate_draft(actor=cast.portfolio_office)
        content = draft.content | {"material": draft.content["material"] | {"cost_up_percent": "50"}}
        draft = gate_sets.save_gate_draft(content=content, version=draft.version, actor=cast.portfolio_office)
        proposal = gate_sets.propose_gates(version=draft.version, reason=WHY, actor=cast.portfolio_office)
        put_in_force(proposal, cast.cfo)
    decision = drift.standing_decision(running)
    assert decision is not None
    assert decision.signing is not None
    assert drift.thresholds(decision.signing.content["gate_version"])["cost_up_percent"] == 10
    assert drift.thresholds(2)["cost_up_percent"] == 50


# The pages -----------------------------------------------------------------------------------


def test_a_gate_is_edited_without_scripts(portfolio_office: User, sign_in: SignIn) -> None:
    browser = sign_in(portfolio_office)
    assert "Start the next version" in browser.get(reverse("gate-draft")).content.decode()
    browser.post(reverse("gate-draft-start"))
    url = reverse("gate-draft-gate", args=["G4"])

    def send(do: str, status: int = 302, **typed: Any) -> str:
        version = GateSetDraft.objects.get().version
        answer = browser.post(url, {"version": version, "do": do} | typed)
        assert answer.status_code == status, answer.content.decode()[:300]
        return answer.content.decode()

    send("add", new="given:evidence")
    assert "Say what the gate asks." in browser.get(url).content.decode()
    assert "1 to settle" in browser.get(reverse("gate-draft")).content.decode()
    full: dict[str, Any] = {
        "evidence_1-text": "Users were asked",
        "evidence_1-supplied_by": "owner",
        "evidence_1-tracks": ["full"],
    }
    before = [row["key"] for row in gate_workshop.rows_at(GateSetDraft.objects.get().content, "G4")]
    last = before[-2]
    send("up:evidence_1", **full)
    rows = gate_workshop.rows_at(GateSetDraft.objects.get().content, "G4")
    assert [row["key"] for row in rows][-2:] == ["evidence_1", last]
    # What was typed counts beside the move: it became a should, for the full track.
    assert rows[-2]["is_must"] is False
    assert rows[-2]["parameters"] == {"question": "evidence", "tracks": ["full"]}
    send("remove:room")
    send("remove:pilot_evidence")
    keys = [row["key"] for row in gate_workshop.rows_at(GateSetDraft.objects.get().content, "G4")]
    assert keys == [key for key in [*before[:-2], "evidence_1", last] if key != "pilot_evidence"]
    assert "Choose what the gate is to ask." in send("add", 422, new="given:nothing")
    words = send("save", 422, **{"evidence_1-text": "x" * 400})
    assert "At most 300 characters fit." in words
    answer = browser.post(url, {"version": 1, "do": "save", "evidence_1-text": "Typed over"})
    assert answer.status_code == 409
    assert "Typed over" in answer.content.decode()
    assert browser.get(reverse("gate-draft-gate", args=["G9"])).status_code == 404


def test_material_thresholds_are_drafted_and_the_whole_is_proposed(
    portfolio_office: User, cfo: User, sign_in: SignIn
) -> None:
    browser = sign_in(portfolio_office)
    for name in ("gate-draft-start", "gate-draft-material", "gate-draft-discard", "gate-propose"):
        assert browser.get(reverse(name)).status_code == 405
    assert browser.post(reverse("gate-propose"), {"version": 1, "reason": WHY}).status_code == 409
    browser.post(reverse("gate-draft-start"))
    assert browser.post(reverse("gate-draft-start")).status_code == 409
    typed = {"version": 1, "cost_up_percent": "15", "cost_up_amount": "25000", "benefit_down_percent": "25"}
    assert browser.post(reverse("gate-draft-material"), typed | {"cost_up_percent": ""}).status_code == 422
    assert browser.post(reverse("gate-draft-material"), typed).status_code == 302
    assert browser.post(reverse("gate-propose"), {"version": 2, "reason": " "}).status_code == 422
    assert browser.post(reverse("gate-propose"), {"version": 2, "reason": WHY}).status_code == 302
    proposal = GateSetProposal.objects.get()
    page = sign_in(cfo).get(reverse("gate-proposal", args=[proposal.pk])).content.decode()
    assert "10 becomes 15" in page
    put_in_force(proposal, cfo)
    page = browser.get(reverse("gates")).content.decode()
    assert "What version 2 changed" in page
    assert "Carla Cfo" in page
    old = browser.get(f"{reverse('gates')}?version=1").content.decode()
    assert "which is past" in old
    assert browser.get(f"{reverse('gates')}?version=9").status_code == 404
    assert GateSet.objects.count() == 2


def test_the_page_of_the_gates_asks_few_questions(
    portfolio_office: User, cfo: User, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    put_in_force(proposed(portfolio_office), cfo)
    browser = sign_in(cfo)
    with django_assert_max_num_queries(22):
        browser.get(reverse("gates"))
