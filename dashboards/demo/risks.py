"""Risk in the demo: answers behind high tiers, controls in every state, and three incidents."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts.models import User
from assurance import selectors, services
from assurance.default_questionnaire import NO, QUESTIONS, YES
from assurance.models import Incident
from assurance.selectors import Standing
from assurance.standing import State
from dashboards.demo.history import Life
from dashboards.demo.world import World
from ledger import clock
from portfolio.models import Initiative

if TYPE_CHECKING:
    from dashboards.demo.road import Road

# What is answered with yes, beside what all of them have in common.
SAID_YES: dict[str, tuple[str, ...]] = {
    "en-robot": ("safety_part",),
    "sc-drone": ("safety_part", "infrastructure"),
    "se-camera": ("biometrics", "high_impact"),
    "le-sanctions": ("services", "high_impact"),
}
USUAL = ("employment", "profiles_people", "personal_data")
PLAN = "Tested beside the present way of working, with the people concerned; each result is filed."
EVIDENCE = (
    "Four weeks beside the present way without effect on anybody; report, group effects and the names of the "
    "two people who oversee it are filed."
)
RENEWED = "Reviewed again with this quarter's figures; limits and names are as before."
FOR_ALL = "Approved by the executive board and published to everyone; the next review is dated."
RUNNING = ("pilot", "scaling", "operating")


def set_tier(road: "Road", *, reason: str, officer: User) -> None:
    """The unit answers, the officer sets what the answers propose."""
    yes = {*SAID_YES.get(road.story.key, USUAL), "pilot_people"}
    if road.story.work in {"bought", "configured"}:
        yes.add("third_party")
    answers = {question.key: YES if question.key in yes else NO for question in QUESTIONS}
    services.answer(road.initiative, answers=answers, actor=road.lead)
    values = services.suggested(road.initiative)
    areas = [int(area) for area in values.pop("areas")]
    if values["is_high_impact"]:
        values["high_impact_reason"] = "Its output is the main ground of a decision about a person."
    services.set_tier(road.initiative, **values, areas=areas, reason=reason, actor=officer)


def plan(road: "Road") -> None:
    """Everything that a high tier owes up to its pilot, in one act."""
    codes = [row.control.code for row in _own(road.initiative) if not row.is_planned]
    if codes:
        services.plan_controls(
            road.initiative,
            codes=codes,
            owner=road.owner,
            due_on=clock.today() + timedelta(days=28),
            text=PLAN,
            actor=road.lead,
        )


def show(road: "Road", gate: str) -> None:
    """What is due by a gate and does not hold, or not for long, in one act."""
    if road.story.tier != "high":
        return
    soon = clock.today() + timedelta(days=21)
    owed = [
        row
        for row in selectors.due_by(_own(road.initiative), gate)
        if not row.holds or (row.evidence is not None and row.evidence.expires_on < soon)
    ]
    _show(road.initiative, owed, EVIDENCE, road.lead)


def _own(initiative: Initiative) -> list[Standing]:
    initiative = Initiative.objects.select_related("unit", "current_case").get(pk=initiative.pk)
    return [row for row in selectors.controls_of(initiative) if row.due]


def _show(initiative: Initiative, rows: list[Standing], text: str, lead: User) -> None:
    if codes := [row.control.code for row in rows]:
        services.supply_control_evidence(initiative, codes=codes, text=text, dated=clock.today(), actor=lead)


class Risks:
    """What risk officers and units do in the last weeks before today."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.officer = world.cast.risk[0]

    def start(self) -> None:
        """Let it happen."""
        self.world.teller.start(self._controls())
        self.world.teller.start(self._incidents())

    def _running(self, *stages: str) -> "list[Road]":
        roads = [road for road in self.world.roads.values() if hasattr(road, "initiative")]
        by_pk = {road.initiative.pk: road for road in roads}
        found = Initiative.objects.filter(pk__in=by_pk, closed_kind="", stage__in=stages or RUNNING)
        return [by_pk[pk] for pk in found.order_by("pk").values_list("pk", flat=True)]

    def _controls(self) -> Life:
        yield self.world.ago(24)
        officer = self.officer
        held = [row.control.code for row in selectors.controls_of_the_organisation()]
        office = self.world.cast.office[0]
        services.supply_control_evidence(
            None, codes=held[:-1], text=FOR_ALL, dated=clock.today(), actor=office
        )
        services.check_controls(None, codes=held[:-2], concurs=True, actor=officer)
        high = [road for road in self._running() if road.story.tier == "high"]
        # The first stays as it is: what was shown for its gates has run out since.
        for number, road in enumerate(high[1:]):
            rows = [row for row in _own(road.initiative) if row.state == State.EXPIRED]
            _show(road.initiative, rows, RENEWED, road.lead)
            fresh = [row.control.code for row in _own(road.initiative) if row.state == State.EVIDENCED]
            yield self.world.ago(20 - number)
            if fresh:
                services.check_controls(road.initiative, codes=fresh[:-2], concurs=True, actor=officer)
            if number == 0 and fresh:
                services.check_controls(
                    road.initiative,
                    codes=fresh[-1:],
                    concurs=False,
                    reason="The report names no limits: say from which figure on somebody acts.",
                    actor=officer,
                )
                services.except_control(
                    road.initiative,
                    code=fresh[0],
                    reason="The works council meets next month; until then a second person reads along.",
                    expires_on=clock.today() + timedelta(days=60),
                    actor=officer,
                )

    def _incidents(self) -> Life:
        yield self.world.ago(40)
        running = self._running("operating", "scaling")
        if len(running) < 3:
            return
        done = self._report(running[0], "Answers in the wrong language", "minor", 30, people=12)
        services.contain(done, text="The language is fixed per user now.", actor=running[0].lead)
        yield self.world.ago(34)
        services.close_incident(
            done,
            text="No further case in a week.",
            lessons="Test every language that users have set, not only the two largest.",
            actor=self.officer,
        )
        yield self.world.ago(9)
        told = self._report(
            running[1],
            "Requests of one site were ranked last for two days",
            "serious",
            2,
            people=140,
            duty="serious",
            cost=Decimal(18_400),
        )
        yield self.world.ago(7)
        services.contain(
            told, text="The site's code is read again; the two days were redone.", actor=running[1].lead
        )
        services.book_cost(
            told, amount=Decimal(18_400), service_month=clock.today(), actor=self.world.cast.finance[0]
        )
        yield self.world.ago(3)
        severe = self._report(
            running[2], "A wrong result was acted on without a second look", "severe", 1, people=3
        )
        yield self.world.ago(2)
        services.veto(
            running[2].initiative,
            reason="It gives wrong results with high confidence; nobody noticed for a day.",
            incident=severe,
            actor=self.officer,
        )

    def _report(
        self,
        road: "Road",
        title: str,
        severity: str,
        days: int,
        *,
        people: int,
        duty: str = "none",
        cost: Decimal | None = None,
    ) -> Incident:
        road.initiative.refresh_from_db()
        today = clock.today()
        return services.report(
            road.initiative,
            title=title,
            severity=severity,
            what=f"{title}. A user noticed it; the log shows when it began and whom it reached.",
            happened_on=today - timedelta(days=days),
            noticed_on=today,
            people_affected=people,
            duty=duty,
            stated_cost=cost,
            failed_controls=["MON-01"],
            actor=road.owner,
        )
