"""The smallest valid objects, and initiatives at each stage, built by the services that the product uses."""

import secrets
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from django.test import Client

from accounts.models import ApiToken, Role, RoleConfirmation, RoleGrant, Scope, Unit, UnitPlacement, User
from assurance import selectors
from assurance.library import install_library
from assurance.services import supply_control_evidence
from governance import gates
from governance import services as governance
from governance.authority import install_authority
from governance.gates import install_gates
from governance.models import Envelope, SigningRound, Tranche
from governance.permissions import may_sign
from ledger import clock
from ledger.services import record
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of
from portfolio.services import classify, confirm_sponsorship, save_draft, start_proposal
from scoring.models import ScoringModel
from scoring.services import (
    assign,
    close_scoring,
    complete_scorecard,
    install_default_model,
    judged,
    open_scoring,
)

# The types of the fixtures `sign_in` and `api`.
SignIn: TypeAlias = Callable[..., Client]
AsToken: TypeAlias = Callable[..., Client]


def install_base_data() -> None:
    """What a fresh install has before the first person: model, gates and authority."""
    install_default_model()
    install_gates()
    install_authority()
    install_library()


# Who -----------------------------------------------------------------------------------------


def make_unit(name: str, *, parent: Unit | None = None) -> Unit:
    """A unit at its place in the tree."""
    with record("unit.added", actor=None) as act:
        unit = Unit.objects.create(name=name, parent=parent)
        unit.path = f"{parent.path if parent else '/'}{unit.pk}/"
        unit.save(update_fields=["path"])
        act.add(UnitPlacement, unit=unit, parent=parent, valid_from=unit.opened_on)
        act.about(unit)
    return unit


def make_user(
    name: str, *, home_unit: Unit | None = None, password: str | None = None, **values: Any
) -> User:
    """A user who holds nothing. The address follows from the name."""
    email = f"{name.lower().replace(' ', '.')}@keel.test"
    return User.objects.create_user(email, name, password, home_unit=home_unit, **values)


def grant(
    user: User, role: str, unit: Unit, *, confirmed_by: User | None = None, confirmed: bool = True
) -> RoleGrant:
    """A role for a unit and all below it; confirmed by a second person unless the test wants it open."""
    with record("role.granted", actor=None, about=user) as act:
        granted = act.add(RoleGrant, user=user, role=role, unit=unit)
    if confirmed:
        confirm(granted, by=confirmed_by or _registrar())
    # A user object remembers its grants for the length of a request.
    user.__dict__.pop("_active_grants", None)
    return granted


def confirm(granted: RoleGrant, *, by: User) -> RoleConfirmation:
    """The second person's yes."""
    with record("role.confirmed", actor=by, about=granted) as act:
        return act.add(RoleConfirmation, grant=granted, confirmed_by=by)


def make_person(name: str, role: str, unit: Unit, *, home_unit: Unit | None = None, **values: Any) -> User:
    """A user with one confirmed role; at home where the role is held unless said otherwise."""
    user = make_user(name, home_unit=home_unit or unit, **values)
    grant(user, role, unit)
    return user


def make_token(
    user: User,
    scopes: Sequence[str] = tuple(Scope.values),
    *,
    created_by: User | None = None,
    expires_in: timedelta = timedelta(days=30),
) -> str:
    """The secret of a new API token of a service account."""
    secret = f"keel_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        user=user,
        name="test",
        prefix=secret[:12],
        secret_hash=ApiToken.hash_of(secret),
        scopes=list(scopes),
        created_by=created_by or user.person,
        expires_at=clock.now() + expires_in,
    )
    return secret


def _registrar() -> User:
    """Whoever confirms the grants that a test does not care about."""
    found = User.objects.filter(email="registrar@keel.test").first()
    return found or User.objects.create_user("registrar@keel.test", "Registrar")


# What ----------------------------------------------------------------------------------------


def month(offset: int = 0, *, start: date | None = None) -> str:
    """`YYYY-MM`, some months from the current one (or from `start`)."""
    first = start or clock.today()
    index = first.year * 12 + first.month - 1 + offset
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def even(amount: Decimal | int, months: int, *, after: int = 0) -> list[str]:
    """The same amount in each of some months, after some months of nothing."""
    return ["0.00"] * after + [format(Decimal(amount), ".2f")] * months


def proposal_content(
    *,
    owner: User,
    sponsor: User,
    benefit_owner: User,
    title: str = "Sort incoming tickets by meaning",
    cost: Decimal | int = 240_000,
    benefit: Decimal | int = 960_000,
    start: date | None = None,
    currency: str = "USD",
    **changes: Any,
) -> dict[str, Any]:
    """A case that holds every field item of G0 and G2: six months of delivery, then thirty-six of use.

    `cost` and `benefit` are whole-life totals; delivery takes half of the cost, run the other half. The
    benefit ramps up over its first three months.
    """
    total_cost, total_benefit = Decimal(cost), Decimal(benefit)
    delivery = _spread(total_cost / 2, [1] * 6)
    run = _spread(total_cost - sum(delivery, Decimal(0)), [1] * 36)
    saving = _spread(total_benefit, [1, 2, 3] + [4] * 33)
    content: dict[str, Any] = {
        "title": title,
        "summary": "New tickets reach the right group at once.",
        "problem": "A fifth of all tickets is sent to the wrong group first and waits there for a day.",
        "process": "Incident intake at the service desk",
        "process_depth": "core",
        "objective": "resilience",
        "owner_id": owner.pk,
        "sponsor_id": sponsor.pk,
        "benefit_owner_id": benefit_owner.pk,
        "sourcing": "bought",
        "reference_class": "bought",
        "currency": currency,
        "cost_low": _text(total_cost * Decimal("0.9")),
        "cost_high": _text(total_cost * Decimal("1.2")),
        "benefit_low": _text(total_benefit * Decimal("0.7")),
        "benefit_high": _text(total_benefit * Decimal("1.1")),
        "supplier": "Example Software Ltd",
        "similar": [],
        "similar_none": True,
        "kpis": [
            {
                "key": "misrouted",
                "name": "Tickets sent to the wrong group",
                "unit_of_measure": "percent of new tickets",
                "direction": "down",
                "baseline": "20",
                "baseline_on": f"{month(-1, start=start)}-15",
                "target": "8",
                "target_on": f"{month(18, start=start)}-15",
                "method": "Count of reassigned tickets divided by new tickets, monthly",
            }
        ],
        "plan": {
            "start": month(0, start=start),
            "go_live": month(6, start=start),
            "lines": [
                _line("people", "cost", "people", "delivery", "Delivery team", delivery),
                _line("licence", "cost", "licence", "run", "Licence", [Decimal(0)] * 6 + run),
                _line(
                    "saving",
                    "benefit",
                    "saving",
                    "run",
                    "Fewer hours of contractors",
                    [Decimal(0)] * 6 + saving,
                ),
            ],
        },
        "milestones": [
            {
                "key": "pilot",
                "name": "First group uses it",
                "due_on": f"{month(3, start=start)}-20",
                "weight": 40,
            },
            {
                "key": "live",
                "name": "All groups use it",
                "due_on": f"{month(6, start=start)}-20",
                "weight": 60,
            },
        ],
        "readiness_data": "Three years of tickets with their final group, checked for names.",
        "readiness_skills": "Two people of the desk were trained; the supplier supports.",
        "readiness_integration": "The ticket system offers a documented interface.",
        "readiness_adoption": "Dispatchers took part in the design and may overrule each proposal.",
        "readiness_workforce": "Four contractor posts end with their contracts; nobody is dismissed.",
        "risks": [
            {"text": "Wrong routing of severe incidents", "response": "Severe ones stay with a person"}
        ],
        "controls": "Weekly sample of two hundred routings; a switch to turn it off.",
        "stop_rules": ["Stop when routing is right in less than 70 % of cases after three months"],
        "cost_objects": ["WBS-4711"],
        "evidence_grade": "C",
    }
    return content | changes


def _line(
    key: str, side: str, category: str, phase: str, label: str, amounts: Sequence[Decimal]
) -> dict[str, Any]:
    return {
        "key": key,
        "side": side,
        "category": category,
        "phase": phase,
        "is_capex": False,
        "is_cash": True,
        "label": label,
        "amounts": [_text(amount) for amount in amounts],
    }


def _spread(total: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """The total over months by weight, to the cent; the last month takes what rounding leaves."""
    cent = Decimal("0.01")
    parts = [(total * weight / sum(weights)).quantize(cent) for weight in weights]
    return [*parts[:-1], total.quantize(cent) - sum(parts[:-1], Decimal(0))]


def _text(amount: Decimal) -> str:
    return format(amount, ".2f")


# Where: initiatives at each stage -----------------------------------------------------------------
#
# Each takes a content such as the fixture `content` holds. Whoever has to act is the one who holds the role;
# where a test brought nobody, a stand-in is made.


def draft(content: dict[str, Any], *, unit: Unit | None = None) -> Initiative:
    """A draft of the owner's unit, written by its unit lead."""
    unit = unit or _home_of_owner(content)
    lead = holder(Role.UNIT_LEAD, unit)
    initiative = start_proposal(unit, title=content["title"], actor=lead)
    save_draft(initiative, content=content, version=1, actor=lead)
    return _fresh(initiative)


def submitted(
    content: dict[str, Any], *, unit: Unit | None = None, tier: str = "limited", domain: str = "it_service"
) -> Initiative:
    """Submitted, with all that triage asks but the track."""
    initiative = draft(content, unit=unit)
    gates.submit(initiative, actor=holder(Role.UNIT_LEAD, initiative.unit))
    initiative = _fresh(initiative)
    office = holder(Role.PORTFOLIO_OFFICE, initiative.unit)
    sponsor = User.objects.get(pk=content["sponsor_id"])
    confirm_sponsorship(initiative, sentence="This saves every user a day.", actor=sponsor)
    classify(initiative, "risk_tier", tier, actor=holder(Role.RISK_OFFICER, initiative.unit))
    classify(initiative, "domain", domain, actor=office)
    classify(initiative, "overlap", "none", actor=office)
    return _fresh(initiative)


def in_assessment(content: dict[str, Any], **values: Any) -> Initiative:
    """On the full track, with the completed case."""
    initiative = submitted(content, **values)
    gates.complete_case(initiative, actor=holder(Role.UNIT_LEAD, initiative.unit))
    gates.triage(initiative, track="full", actor=holder(Role.PORTFOLIO_OFFICE, initiative.unit))
    return _fresh(initiative)


def show_controls(initiative: Initiative, gate: str = "G3") -> None:
    """Evidence for whatever a high tier owes up to a gate, from its unit; nothing for another tier."""
    if initiative.risk_tier != "high":
        return
    owed = selectors.due_by(selectors.controls_of(initiative), gate)
    if codes := [row.control.code for row in owed if not row.holds]:
        lead = holder(Role.UNIT_LEAD, initiative.unit)
        supply_control_evidence(
            initiative, codes=codes, text="The technical file, part 2", dated=clock.today(), actor=lead
        )


def in_decision(content: dict[str, Any], *, rating: int = 4, **values: Any) -> Initiative:
    """Scored with the same rating in every criterion, closed, and recorded at G2."""
    initiative = in_assessment(content, **values)
    office = holder(Role.PORTFOLIO_OFFICE, initiative.unit)
    scoring = open_scoring(initiative, actor=office)
    ratings = {
        criterion.key: {"rating": rating, "confidence": "high", "reason": "As the case shows."}
        for criterion in judged(ScoringModel.objects.in_force())
    }
    for assessor in assessors_for(initiative, scoring.required):
        due_on = clock.today() + timedelta(days=10)
        assignment = assign(scoring, assessor, due_on=due_on, actor=office)
        complete_scorecard(assignment, ratings=ratings, comment="", actor=assessor)
    close_scoring(scoring, evidence_grade="C", actor=office)
    show_controls(_fresh(initiative))
    gates.record_case(_fresh(initiative), actor=office)
    return _fresh(initiative)


def appropriate(unit: Unit, amount: Decimal | int, *, fiscal_year: int | None = None) -> Envelope:
    """An envelope with a confirmed appropriation."""
    change = governance.propose_envelope_change(
        unit,
        fiscal_year or fiscal_year_of(clock.today()),
        kind="appropriation",
        amount=Decimal(amount),
        reason="The plan of the year",
        actor=holder(Role.FINANCE, unit),
    )
    governance.confirm_envelope_change(change, actor=holder(Role.CFO, unit))
    return change.envelope


def piloting(
    content: dict[str, Any],
    *,
    amount: Decimal | int = 100_000,
    released: bool = False,
    conditions: Sequence[dict[str, Any]] = (),
    **values: Any,
) -> Initiative:
    """Funded for its pilot by CFO (and CEO); the first tranche waits unless `released`."""
    initiative = in_decision(content, **values)
    if not Envelope.objects.exists():
        appropriate(initiative.unit, 5_000_000)
    signing = governance.open_signing(
        initiative,
        verb="go_with_conditions" if conditions else "go",
        amount=Decimal(amount),
        first_tranche=Decimal(amount) * 15 / 100,
        conditions=conditions,
        reason="Best of the round",
        actor=holder(Role.PORTFOLIO_OFFICE, initiative.unit),
    )
    for role in (Role.RISK_OFFICER, Role.CFO, Role.CEO):
        person = holder(role, initiative.unit)
        if SigningRound.objects.filter(pk=signing.pk, ending=None).exists() and may_sign(person, signing):
            governance.sign(
                signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=person
            )
    if released:
        tranche = Tranche.objects.filter(initiative=initiative).order_by("number")[0]
        governance.release_tranche(tranche, reason="As decided", actor=holder(Role.FINANCE, initiative.unit))
    return _fresh(initiative)


def holder(role: str, unit: Unit) -> User:
    """Who holds the role for the unit, confirmed; a stand-in when nobody does."""
    grants = RoleGrant.objects.active().confirmed().filter(role=role).select_related("unit", "user")
    for granted in grants.order_by("pk"):
        if unit.is_under(granted.unit):
            return granted.user
    return make_person(f"Stand-in {role} {unit.pk}", role, unit)


def assessors_for(initiative: Initiative, count: int) -> list[User]:
    """Confirmed assessors who are at home in neither its unit nor one above or below; stand-ins fill up."""
    unit = initiative.unit
    root = Unit.objects.get(pk=unit.path.split("/")[1])
    found = [
        User.objects.get(pk=granted.user_id)
        for granted in RoleGrant.objects.active().confirmed().filter(role=Role.ASSESSOR).order_by("pk")
        if granted.user.home_unit is not None
        and not granted.user.home_unit.is_under(unit)
        and not unit.is_under(granted.user.home_unit)
    ][:count]
    while len(found) < count:
        home = make_unit(f"Elsewhere {len(found) + 1}", parent=root)
        found.append(make_person(f"Stand-in assessor {home.pk}", Role.ASSESSOR, root, home_unit=home))
    return found


def _home_of_owner(content: dict[str, Any]) -> Unit:
    home = User.objects.get(pk=content["owner_id"]).home_unit
    assert home is not None, "the owner of the content has no home unit: name the unit"
    return home


def _fresh(initiative: Initiative) -> Initiative:
    return Initiative.objects.get(pk=initiative.pk)
