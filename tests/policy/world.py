"""A small organisation with the same objects in two units, and the whole cast to look at them."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts import glass
from accounts.models import ApiToken, Role, Unit, User
from accounts.notices import notify
from assurance.services import report
from dashboards.models import SavedView
from governance.models import BoardResolution, Decision, Envelope, SigningRound, Tranche
from governance.services import (
    freeze_round,
    gate_sets,
    open_round,
    propose_authority,
    propose_body,
    propose_claw_back,
    propose_closing,
    propose_co_funding,
    propose_envelope_change,
    propose_member,
    start_authority_draft,
)
from governance.services.deputies import name_deputy
from governance.services.reviews import open_review
from ledger import clock
from ledger.services import last_seq, record
from portfolio.models import ImportBatch, ImportJob, Initiative, Posting
from portfolio.services import attach, claim_benefit, propose_rates
from scoring.models import ScorecardAssignment, ScoringModel, ScoringRound
from tests import factories
from tests.policy.second_reader import Held, Person, Thing
from tests.scoring import cases

PARTS = {
    "owner": "owner_id",
    "sponsor": "sponsor_id",
    "benefit_owner": "benefit_owner_id",
    "submitter": "submitter_id",
}
KEEPERS = (
    Role.PORTFOLIO_OFFICE,
    Role.RISK_OFFICER,
    Role.FINANCE,
    Role.CFO,
    Role.CEO,
    Role.ADMINISTRATOR,
)


@dataclass(frozen=True)
class Object:
    """What an address may mean: its value there, and what the table asks of it (None: of no one place)."""

    value: Any
    thing: Thing | None


@dataclass
class World:
    """Units, people and objects; `objects` by the beginning of an address."""

    unit: Unit
    other: Unit
    people: dict[str, tuple[User, Person]] = field(default_factory=dict)
    objects: dict[str, list[Object]] = field(default_factory=dict)
    # What belongs to no unit in particular: only a role for the root covers it.
    whole: Thing = field(default_factory=lambda: Thing((), "-"))
    # A word of each case that only those who may open its initiative may ever read.
    canaries: dict[str, Thing] = field(default_factory=dict)

    def add(self, beginning: str, value: Any, thing: Thing | None) -> None:
        """One more object for the routes that begin so."""
        self.objects.setdefault(beginning, []).append(Object(value, thing))


def place(unit: Unit) -> tuple[int, ...]:
    """The chain of units from the root down."""
    return tuple(int(step) for step in unit.path.strip("/").split("/"))


def thing_of(initiative: Initiative) -> Thing:
    """An initiative as the table sees it, read from its own columns."""
    parts: dict[int, set[str]] = {}
    for part, column in PARTS.items():
        if (holder := getattr(initiative, column)) is not None:
            parts.setdefault(holder, set()).add(part)
    for appointment in initiative.appointments.filter(part="assessor"):
        parts.setdefault(appointment.person_id, set()).add("assessor")
    state = "closed" if initiative.closed_kind else initiative.stage
    return Thing(place(initiative.unit), state, {person: frozenset(names) for person, names in parts.items()})


def build(group: Unit, unit: Unit, other: Unit) -> World:
    """The same cases in both units: a draft, one in assessment, one to decide, one piloting."""
    world = World(unit, other)
    _cast(world, group)
    for where, word in ((unit, "kingfisher"), (other, "bullfinch")):
        _cases(world, where, word)
    _the_rest(world, group)
    _round(world)
    # One assessor who was given nothing, and one who scored the case in decision.
    idle = factories.make_person("assessor here", Role.ASSESSOR, unit)
    world.people["assessor"] = (idle, Person(idle.pk, (Held("assessor", place(unit)),)))
    busy = ScorecardAssignment.objects.filter(round__initiative__unit=unit).order_by("pk")[0].assessor
    world.people["assessor with a case"] = (busy, Person(busy.pk, (Held("assessor", place(group)),)))
    return world


def _cast(world: World, group: Unit) -> None:
    for role in Role.values:
        if role in {Role.INTEGRATOR, Role.ASSESSOR}:
            continue
        user = factories.make_person(f"{role} here", role, world.unit)
        world.people[role] = (user, Person(user.pk, (Held(role, place(world.unit)),)))
    for part in ("owner", "sponsor", "benefit_owner"):
        user = factories.make_user(f"{part} here", home_unit=world.unit)
        world.people[part] = (user, Person(user.pk))
    nobody = factories.make_user("Nobody here", home_unit=world.unit)
    world.people["nobody"] = (nobody, Person(nobody.pk))
    auditor = factories.make_person("auditor of the group", Role.AUDITOR, group)
    world.people["auditor of the group"] = (auditor, Person(auditor.pk, (Held("auditor", place(group)),)))
    for role in KEEPERS:
        # Those who keep the process run for the whole group, so that both units come to their stages.
        factories.make_person(f"{role} of the group", role, group)
    home = factories.make_unit("Where assessors are at home", parent=group)
    for number in (1, 2, 3):
        factories.make_person(f"Assessor {number} of the group", Role.ASSESSOR, group, home_unit=home)


def _cases(world: World, where: Unit, word: str) -> None:
    here = where == world.unit
    people = {
        part: world.people[part][0] if here else factories.make_user(f"{part} there", home_unit=where)
        for part in ("owner", "sponsor", "benefit_owner")
    }
    if not here:
        factories.make_person("unit_lead there", Role.UNIT_LEAD, where)

    def content(title: str, **changes: Any) -> dict[str, Any]:
        problem = f"A {word}{title[:4].lower()} knows why this takes a day."
        return factories.proposal_content(
            owner=people["owner"],
            sponsor=people["sponsor"],
            benefit_owner=people["benefit_owner"],
            title=f"{title} of {where}",
            problem=problem,
            **changes,
        )

    factories.appropriate(where, 2_000_000)
    cases = {
        "idea": factories.draft(content("Idea")),
        "read": factories.piloting(
            content("Read contracts", cost_objects=[f"WBS-{word}"]),
            conditions=[
                {
                    "text": f"Show that the {word}read is sampled.",
                    "owner_id": people["owner"].pk,
                    "due": clock.today() + timedelta(30),
                }
            ],
            released=True,
        ),
    }
    if here:
        # One stage of each kind is enough where everybody is a stranger.
        cases["sort"] = factories.in_assessment(content("Sort tickets"))
        cases["pair"] = factories.in_decision(content("Match invoices"))
    kept = attach(cases["read"], name="notes.txt", content=b"What was measured.", actor=people["owner"])
    with record("resolution.recorded", actor=people["owner"]) as act:
        resolution = act.add(
            BoardResolution,
            signing=SigningRound.objects.filter(initiative=cases["read"])[0],
            reference="2026-1",
            text="Fund it.",
            attachment=kept,
            recorded_by=people["owner"],
        )
    world.add("resolutions/", resolution.pk, thing_of(cases["read"]))
    for ending, initiative in cases.items():
        _case(world, initiative)
        world.canaries[f"{word}{ending}"] = thing_of(initiative)
    running = cases["read"]
    claim = claim_benefit(
        running,
        line_key="saving",
        month=clock.today(),
        amount=Decimal("100.00"),
        evidence=f"The {word}read counted.",
        actor=people["owner"],
    )
    world.add("claims/", claim.pk, thing_of(running))
    incident = report(
        running,
        title=f"The {word}read failed",
        severity="severe",
        what=f"The {word}read was wrong for a day.",
        happened_on=clock.today(),
        noticed_on=clock.today(),
        duty="serious",
        actor=people["owner"],
    )
    world.add("incidents/", incident.pk, thing_of(running))


def _round(world: World) -> None:
    """A funding round of the unit, frozen and decided in part; its page holds words of its cases."""
    here = Thing(place(world.unit), "-")
    office = factories.holder(Role.PORTFOLIO_OFFICE, world.unit.parent or world.unit)
    opened = open_round(
        name="The round",
        meets_on=clock.today(),
        envelopes=list(Envelope.objects.filter(unit=world.unit, balance__appropriated__gt=0)),
        actor=office,
    )
    frozen = freeze_round(opened, actor=office)
    world.add("rounds/", opened.pk, here)
    world.add("api/v1/rounds/", opened.pk, here)
    for draft in opened.agenda.all()[:1]:
        world.add("rounds/agenda/", draft.pk, here)
    for item in frozen.items.all()[:1]:
        world.add("rounds/items/", item.pk, here)
        world.add("api/v1/round-items/", item.pk, here)


def _case(world: World, initiative: Initiative) -> None:
    thing = thing_of(initiative)
    world.add("initiatives/", initiative.pk, thing)
    world.add("api/v1/scores/", initiative.pk, thing)
    kept = initiative.attachments.first()
    if kept is not None:
        world.add("attachments/", kept.pk, thing)
    for signing in SigningRound.objects.filter(initiative=initiative):
        world.add("signings/", signing.pk, thing)
        world.add("signing-rounds/", signing.pk, thing)
    for decision in Decision.objects.filter(initiative=initiative):
        world.add("decisions/", decision.pk, thing)
        for condition in decision.conditions.all():
            world.add("conditions/", condition.pk, thing)
    for tranche in Tranche.objects.filter(initiative=initiative):
        world.add("tranches/", tranche.pk, thing)
        if hasattr(tranche, "release"):
            claw_back = propose_claw_back(
                tranche,
                amount=Decimal(1),
                reason="Too much",
                actor=factories.holder(Role.FINANCE, initiative.unit),
            )
            world.add("claw-backs/", claw_back.pk, thing)
    for scoring in ScoringRound.objects.filter(initiative=initiative):
        world.add("scorings/", scoring.pk, thing)
    for assignment in ScorecardAssignment.objects.filter(round__initiative=initiative)[:1]:
        world.add("scorecards/", assignment.pk, thing)


def _authority(world: World, office: User) -> None:
    """A proposed version of the authority, a body and a member, all of the whole organisation."""
    draft = start_authority_draft(preset="small", actor=office)
    version = propose_authority(version=draft.version, reason="Smaller", actor=office)
    world.add("authority/versions/", version.number, world.whole)
    body = propose_body(name="Committee", quorum=1, actor=office)
    world.add("bodies/", body.pk, world.whole)
    member = propose_member(body, user=world.people["nobody"][0], actor=office)
    world.add("bodies/members/", member.pk, world.whole)


def _the_rest(world: World, group: Unit) -> None:
    """What belongs to no initiative: people, grants, units, money, files, messages, entries."""
    world.whole = whole = Thing(place(group), "-")
    finance = factories.holder(Role.FINANCE, group)
    administrator = factories.holder(Role.ADMINISTRATOR, group)
    for where, who in ((world.unit, "unit_lead here"), (world.other, "unit_lead there")):
        lead = User.objects.get(name=who)
        spot = Thing(place(where), "-")
        world.add("people/", lead.pk, spot)
        world.add("grants/", lead.grants.get().pk, spot)
        world.add("units/", where.pk, spot)
        account = factories.make_person(
            f"Interface of {where}", Role.INTEGRATOR, where, is_service_account=True, answers_for_it=lead
        )
        factories.make_token(account, created_by=administrator)
        world.add("tokens/", ApiToken.objects.get(user=account).pk, spot)
        change = propose_envelope_change(
            where,
            clock.today().year + 1,
            kind="appropriation",
            amount=Decimal(1000),
            reason="more",
            actor=finance,
        )
        world.add("envelopes/changes/", change.pk, spot)
        world.add("envelopes/", change.envelope_id, spot)
        share = propose_co_funding(
            Initiative.objects.filter(unit=where, stage="pilot")[0],
            unit=group,
            per_mille=100,
            reason="All use it",
            actor=finance,
        )
        # Whoever keeps the money of the unit that is to bear it agrees.
        world.add("co-fundings/", share.pk, world.whole)
        world.add("api/v1/envelopes/", change.envelope_id, spot)
    year = clock.today().year
    closing = propose_closing(year - 1, reason="The books are done", actor=finance)
    world.add("envelopes/years/", closing.pk, whole)
    rates = propose_rates(name="Plan", fiscal_year=year, rates={"EUR": "1.10"}, source="ECB", actor=finance)
    world.add("rates/", rates.pk, None)
    world.add("ledger/", last_seq(), whole)
    in_force = ScoringModel.objects.in_force().version
    world.add("api/v1/scoring-models/", in_force, None)
    world.add("model/versions/", in_force, None)
    # There is one model for all: who reviews or approves it holds the role for the whole.
    office = factories.holder(Role.PORTFOLIO_OFFICE, group)
    world.add("model/proposals/", cases.proposed_model(office).model.version, whole)
    draft = gate_sets.start_gate_draft(actor=office)
    asked = draft.content | {"material": draft.content["material"] | {"cost_up_percent": "15"}}
    draft = gate_sets.save_gate_draft(content=asked, version=draft.version, actor=office)
    proposal = gate_sets.propose_gates(version=draft.version, reason="10 % is noise.", actor=office)
    world.add("gates/draft/", "G3", whole)
    world.add("gates/proposals/", proposal.pk, whole)
    row = name_deputy(
        factories.make_user("Who stands in", home_unit=group),
        valid_from=clock.today(),
        valid_to=clock.today(),
        reason="A day off",
        actor=factories.holder(Role.CFO, group),
    )
    world.add("deputies/", row.pk, None)
    asked = glass.ask(
        factories.make_user("Who is on call", home_unit=group),
        role=Role.ADMINISTRATOR,
        unit=world.unit,
        minutes=5,
        reason="Nobody else is awake",
        actor=factories.holder(Role.CEO, group),
    )
    world.add("policy/glass/", asked.pk, Thing(place(world.unit), "-"))
    review = open_review(actor=None)
    world.add("access-reviews/", review.pk, None)
    for line in review.lines.filter(unit=world.unit)[:1]:
        world.add("access-reviews/lines/", line.pk, Thing(place(world.unit), "-"))
    _authority(world, office)
    job = ImportJob.objects.create(kind="actuals", file_name="a.csv", content=b"x", by=finance)
    # A file may hold postings of any unit, so it is of the whole organisation.
    world.add("imports/", job.pk, whole)
    with record("actuals.imported", actor=finance) as act:
        batch = act.add(
            ImportBatch,
            profile="actuals",
            file_name="a.csv",
            file_hash="0" * 64,
            about_date=clock.today(),
            rows=1,
            created=1,
            updated=0,
            unchanged=0,
            rejected=0,
            by=finance,
        )
        month = clock.today().replace(day=1)
        posting = act.add(
            Posting,
            batch=batch,
            kind="cost",
            service_month=month,
            booked_month=month,
            amount=Decimal("12.00"),
            currency="USD",
            why_unmatched="no cost object",
        )
    world.add("imports/batches/", batch.pk, whole)
    # What fits nothing belongs to nobody yet: any holder of the role may settle it.
    world.add("postings/", posting.pk, None)
    # Whatever is no address of the API says so itself.
    world.add("api/", "v1/nowhere/", None)
    # Somebody else's own things: nobody of the cast may touch them.
    stranger = factories.make_user("A stranger", home_unit=group)
    world.add("notifications/", notify(stranger, subject="x", sentence="y").pk, Thing((), "theirs"))
    view = SavedView.objects.create(user=stranger, name="x", query="q=1")
    world.add("initiatives/views/", view.pk, Thing((), "theirs"))
