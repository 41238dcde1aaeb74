"""The acts of the portfolio: drafting, freezing, classifying, posting, measuring, claiming, attesting."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q

from accounts import policy, segregation
from accounts.errors import Changed, InvalidMove, Refused
from accounts.models import Unit, User
from ledger import chain, clock
from ledger.services import Act, record
from portfolio import case as case_document
from portfolio import files, lifecycle, money
from portfolio.models import (
    Appointment,
    Attachment,
    Attestation,
    BenefitClaim,
    BusinessCase,
    CaseDraft,
    CaseDraftEdit,
    CaseEditor,
    Classification,
    Comment,
    CostObject,
    Domain,
    Hold,
    HoldLift,
    Initiative,
    Kpi,
    Link,
    Measurement,
    Milestone,
    MilestoneReached,
    Part,
    PeriodClose,
    PlanLine,
    Posting,
    RateSet,
    RateSetConfirmation,
    ReferenceCounter,
    RiskTier,
    SponsorConfirmation,
    Track,
)
from portfolio.permissions import (
    may_attach,
    may_attest,
    may_claim,
    may_classify,
    may_close_period,
    may_comment,
    may_confirm_rates,
    may_confirm_sponsorship,
    may_edit_draft,
    may_lift_hold,
    may_measure,
    may_place_hold,
    may_post,
    may_propose_rates,
    may_reach_milestone,
    may_start,
)
from portfolio.selectors import fiscal_year_of, is_period_closed, kpis_of, open_month, usable_currencies

# Drafting ------------------------------------------------------------------------------------


def next_reference(year: int) -> str:
    """The next human reference of a year, such as AI-2026-0042; the counter's row is locked meanwhile."""
    ReferenceCounter.objects.get_or_create(year=year)
    counter = ReferenceCounter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return str(counter)


@transaction.atomic
def start_proposal(unit: Unit, *, title: str, actor: User) -> Initiative:
    """Start a draft for a unit. Raises NotAllowed, or Refused without a title."""
    may_start(actor, unit).or_deny()
    title = title.strip()
    if not title:
        raise Refused("Give it a title.", {"title": "Give it a title."})
    if len(title) > 300:
        raise Refused("The title is too long.", {"title": "At most 300 characters fit."})
    now = clock.now()
    initiative = Initiative.objects.create(
        reference=next_reference(now.year),
        unit=unit,
        created_by=actor,
        created_at=now,
        stage_since=now,
        title=title,
    )
    content, _ = case_document.clean({"title": title, "currency": settings.BASE_CURRENCY})
    draft = CaseDraft.objects.create(initiative=initiative, content=content, updated_by=actor, updated_at=now)
    CaseDraftEdit.objects.create(draft=draft, version=1, content=content, by=actor, at=now)
    return initiative


@transaction.atomic
def save_draft(
    initiative: Initiative,
    *,
    content: Mapping[str, Any],
    version: int,
    over_own_edits: bool = False,
    actor: User,
) -> CaseDraft:
    """Save the draft that was opened at `version` (0: there was none yet).

    With `over_own_edits` a newer version counts as seen when nobody but the actor wrote it: a page that saves
    as one types overtakes itself.

    Raises Changed (somebody saved meanwhile, with what they changed) or Refused (values that are impossible,
    by field); in both cases nothing is written and the caller keeps what was typed.
    """
    initiative = lifecycle.lock(initiative)
    may_edit_draft(actor, initiative).or_deny()
    draft = CaseDraft.objects.select_for_update().filter(initiative=initiative).first()
    if version != (draft.version if draft else 0) and not (
        over_own_edits and draft and not draft.edits.filter(version__gt=version).exclude(by=actor).exists()
    ):
        raise _changed(initiative, draft, version)
    if draft is None:
        # Imported initiatives get their draft when somebody first writes it.
        draft = CaseDraft(initiative=initiative, version=0, content=first_content(initiative))
    cleaned, errors = case_document.clean(draft.content | dict(content))
    if errors:
        raise Refused("Some values can't be taken.", errors)
    if draft.version and cleaned == draft.content:
        return draft
    draft.content, draft.version = cleaned, draft.version + 1
    draft.updated_by, draft.updated_at = actor, clock.now()
    draft.save()
    CaseDraftEdit.objects.create(
        draft=draft, version=draft.version, content=cleaned, by=actor, at=draft.updated_at
    )
    if initiative.stage == "draft":
        Initiative.objects.filter(pk=initiative.pk).update(
            title=cleaned["title"] or initiative.title, summary=cleaned["summary"]
        )
    return draft


def version_of(initiative: Initiative) -> int:
    """The version of its draft; 0 while nobody wrote one."""
    return CaseDraft.objects.filter(initiative=initiative).values_list("version", flat=True).first() or 0


def require_version(initiative: Initiative, version: int) -> None:
    """Raise Changed, with what somebody else changed, unless the draft still has this version."""
    draft = CaseDraft.objects.filter(initiative=initiative).select_related("updated_by").first()
    if version != (draft.version if draft else 0):
        raise _changed(initiative, draft, version)


def first_content(initiative: Initiative) -> dict[str, Any]:
    """What is known of an initiative before anybody wrote its case."""
    known = {
        "title": initiative.title[:300],
        "summary": initiative.summary[:500],
        "currency": initiative.currency or settings.BASE_CURRENCY,
        "reference_class": initiative.reference_class,
        "owner_id": initiative.owner_id,
        "sponsor_id": initiative.sponsor_id,
        "benefit_owner_id": initiative.benefit_owner_id,
    }
    return case_document.clean(known)[0]


def _changed(initiative: Initiative, draft: CaseDraft | None, version: int) -> Changed:
    if draft is None:
        return Changed("This draft is gone; open it again.", version=0)
    seen = CaseDraftEdit.objects.filter(draft=draft, version=version).first()
    before = seen.content if seen else first_content(initiative)
    return Changed(
        f"{draft.updated_by} saved this draft after you opened it.",
        changes=case_document.changes(before, draft.content),
        version=draft.version,
    )


def own_part_of(initiative: Initiative, *, content: Mapping[str, Any], version: int) -> dict[str, Any]:
    """What somebody who opened the draft at `version` changed; fields that they left alone are left out."""
    seen = CaseDraftEdit.objects.filter(draft__initiative=initiative, version=version).first()
    return case_document.own_part(seen.content if seen else first_content(initiative), content)


def freeze_case(initiative: Initiative, purpose: str, *, act: Act, actor: User) -> BusinessCase:
    """Freeze the draft as the next version: the document word for word, its plan, KPIs and milestones.

    Part of a gate's act, which has checked the items. Raises Refused for values that are impossible.
    """
    draft = CaseDraft.objects.select_for_update().get(initiative=initiative)
    content, errors = case_document.clean(draft.content)
    if errors:
        raise Refused("Some values can't be taken.", errors)
    currency = content["currency"] or settings.BASE_CURRENCY
    if currency not in usable_currencies(fiscal_year_of(clock.today())):
        raise Refused(
            "The currency has no planning rate.", {"currency": f"There is no planning rate for {currency}."}
        )
    plan = case_document.plan_of(content, currency)
    last = BusinessCase.objects.filter(initiative=initiative).order_by("-version").first()
    frozen = act.add(
        BusinessCase,
        initiative=initiative,
        version=last.version + 1 if last else 1,
        purpose=purpose,
        submitted_by=actor,
        content=content,
        content_hash=chain.digest(chain.canonical(content)),
        title=content["title"],
        summary=content["summary"],
        reference_class=content["reference_class"],
        currency=currency,
        whole_life_cost=case_document.whole_life_cost(content, currency),
        cash_benefit=plan.cash_benefit if plan else Decimal(0),
        start_month=plan.start if plan else None,
        go_live_month=plan.go_live if plan else None,
    )
    _freeze_parts(frozen, content, plan, act)
    editors = set(
        CaseDraftEdit.objects.filter(draft=draft)
        .filter(at__gt=last.transaction.at if last else initiative.created_at)
        .values_list("by", flat=True)
    ) | {actor.pk, *([] if last else [initiative.created_by_id])}
    act.add_many(CaseEditor, [CaseEditor(case=frozen, user_id=pk) for pk in sorted(editors)])
    _follow_content(initiative, content, frozen, act=act, actor=actor)
    act.marks("return", [initiative.pk])
    return frozen


def _freeze_parts(
    frozen: BusinessCase, content: Mapping[str, Any], plan: case_document.Plan | None, act: Act
) -> None:
    if plan is not None:
        act.add_many(
            PlanLine,
            [
                PlanLine(
                    case=frozen,
                    key=line.key,
                    side=line.side,
                    category=line.category,
                    phase=line.phase,
                    is_capex=line.is_capex,
                    is_cash=line.is_cash,
                    label=line.label,
                    first_month=line.first_month,
                    amounts=[money.to_stored(amount) for amount in line.amounts],
                    total=line.total,
                )
                for line in plan.lines
            ],
        )
    act.add_many(
        Kpi,
        [
            Kpi(
                case=frozen,
                key=kpi["key"],
                name=kpi["name"],
                unit_of_measure=kpi["unit_of_measure"],
                direction=kpi["direction"],
                baseline=Decimal(kpi["baseline"]) if kpi["baseline"] else None,
                baseline_on=date.fromisoformat(kpi["baseline_on"]) if kpi["baseline_on"] else None,
                target=Decimal(kpi["target"]),
                target_on=date.fromisoformat(kpi["target_on"]) if kpi["target_on"] else None,
                method=kpi["method"],
            )
            for kpi in content["kpis"]
            if kpi["name"] and kpi["target"]
        ],
    )
    act.add_many(
        Milestone,
        [
            Milestone(
                case=frozen,
                key=row["key"],
                name=row["name"],
                due_on=date.fromisoformat(row["due_on"]),
                weight=row["weight"],
            )
            for row in content["milestones"]
            if row["name"] and row["due_on"]
        ],
    )


def _follow_content(
    initiative: Initiative, content: Mapping[str, Any], frozen: BusinessCase, *, act: Act, actor: User
) -> None:
    """Appointments, links and cost objects that the frozen document names and that don't stand yet."""
    for part, key, held in (
        (Part.OWNER, "owner_id", initiative.owner_id),
        (Part.SPONSOR, "sponsor_id", initiative.sponsor_id),
        (Part.BENEFIT_OWNER, "benefit_owner_id", initiative.benefit_owner_id),
    ):
        if content[key] and content[key] != held:
            appoint(initiative, part, _person(content[key], key), act=act)
    others = {
        other.reference: other
        for other in Initiative.objects.filter(
            ~Q(stage="draft") | Q(pk__in=Initiative.objects.open_to(actor).values("pk")),
            reference__in=[row["reference"] for row in content["similar"]],
        )
    }
    known = set(initiative.links.values_list("other_id", "kind"))
    kinds = {
        "join": Link.Kind.JOINED_WITH,
        "differentiate": Link.Kind.DIFFERS_FROM,
        "depend": Link.Kind.DEPENDS_ON,
    }
    for row in content["similar"]:
        if not row["reference"] or not row["relation"]:
            continue
        other = others.get(row["reference"])
        if other is None or other.pk == initiative.pk:
            raise Refused(
                "A similar initiative can't be found.",
                {"similar": f"There is no other initiative {row['reference']}."},
            )
        if (other.pk, kinds[row["relation"]]) not in known:
            act.add(
                Link,
                initiative=initiative,
                other=other,
                kind=kinds[row["relation"]],
                explanation=row["explanation"],
            )
    codes = set(initiative.cost_objects.values_list("code", flat=True))
    for code in content["cost_objects"]:
        if code not in codes:
            # Its postings belong to it from the plan's first month on, also those that came before the case.
            valid_from = frozen.start_month or clock.today()
            act.add(CostObject, initiative=initiative, code=code, valid_from=valid_from)
    initiative.title, initiative.summary = frozen.title, frozen.summary
    initiative.current_case, initiative.currency = frozen, frozen.currency
    initiative.reference_class, initiative.whole_life_cost = frozen.reference_class, frozen.whole_life_cost
    initiative.fiscal_year = fiscal_year_of(frozen.start_month) if frozen.start_month else None
    if initiative.submitter_id is None:
        initiative.submitter = frozen.submitted_by
    initiative.save(
        update_fields=[
            "title", "summary", "current_case", "currency", "reference_class", "whole_life_cost",
            "fiscal_year", "submitter",
        ]
    )  # fmt: skip


def _person(pk: int, key: str) -> User:
    person = User.objects.filter(pk=pk, is_active=True, is_service_account=False).first()
    if person is None:
        raise Refused(
            "Somebody named in the case can't be found.", {key: "Choose a person who is active in Keel."}
        )
    return person


# People and class ----------------------------------------------------------------------------


def appoint(initiative: Initiative, part: str, person: User, *, act: Act) -> Appointment:
    """Give somebody a part; a new sponsor has to confirm anew."""
    appointment = act.add(Appointment, initiative=initiative, part=part, person=person)
    if part in {Part.OWNER, Part.SPONSOR, Part.BENEFIT_OWNER}:
        setattr(initiative, part, person)
        fields = [str(part)]
        if part == Part.SPONSOR:
            initiative.sponsor_confirmed_at = None
            fields.append("sponsor_confirmed_at")
        initiative.save(update_fields=fields)
    return appointment


def confirm_sponsorship(
    initiative: Initiative, *, sentence: str, exception: str = "", actor: User
) -> SponsorConfirmation:
    """The sponsor stands behind it with a sentence that everyone may read.

    `exception` says why in spite of a rule of segregation that bends. Raises NotAllowed or Refused.
    """
    if len(sentence.strip()) < 10:
        raise Refused("Say why you stand behind it.", {"sentence": "Write at least ten characters."})
    with record("sponsorship.confirmed", actor=actor, about=initiative, reason=sentence) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_confirm_sponsorship(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=exception, by=actor, field="exception")
        appointment = (
            Appointment.objects.filter(initiative=initiative, part=Part.SPONSOR, person=actor)
            .order_by("id")
            .last()
        )
        if appointment is None:
            raise InvalidMove("You are not appointed as its sponsor.")
        confirmation = act.add(SponsorConfirmation, appointment=appointment, sentence=sentence.strip())
        initiative.sponsor_confirmed_at = act.at
        initiative.save(update_fields=["sponsor_confirmed_at"])
        return confirmation


def classify(
    initiative: Initiative, kind: str, value: str, *, reason: str = "", actor: User
) -> Classification:
    """Set domain, risk tier, track or overlap. Raises NotAllowed, InvalidMove or Refused."""
    with record(f"{Classification.Kind(kind)}.set", actor=actor, about=initiative, reason=reason) as act:
        return classify_within(act, initiative, kind, value, reason=reason, actor=actor)


def classify_within(
    act: Act, initiative: Initiative, kind: str, value: str, *, reason: str = "", actor: User
) -> Classification:
    """The same as a part of an act. Raises NotAllowed, InvalidMove or Refused."""
    kind = Classification.Kind(kind)
    allowed: dict[str, list[str]] = {
        Classification.Kind.DOMAIN: Domain.values,
        Classification.Kind.RISK_TIER: RiskTier.values,
        Classification.Kind.TRACK: Track.values,
        Classification.Kind.OVERLAP: ["none", "join", "differentiate", "depend"],
    }
    if value not in allowed[kind]:
        raise Refused(
            f"Choose one of {', '.join(allowed[kind])}.", {kind: "Choose one of the values offered."}
        )
    initiative = lifecycle.lock(initiative)
    verdict = may_classify(actor, initiative, kind)
    verdict.or_deny()
    segregation.mark(act, verdict, reason=reason, by=actor)
    if kind == Classification.Kind.TRACK and initiative.risk_tier == RiskTier.HIGH and value != Track.FULL:
        raise Refused("A high risk tier is always on the full track.", {"track": "Choose the full track."})
    classification = act.add(
        Classification, initiative=initiative, kind=kind, value=value, by=actor, reason=reason
    )
    act.note(value=value)
    if kind != Classification.Kind.OVERLAP:
        setattr(initiative, kind, value)
        initiative.save(update_fields=[str(kind)])
    act.marks("return", [initiative.pk])
    return classification


def comment(initiative: Initiative, *, text: str, actor: User) -> Comment:
    """Say something about it."""
    if not text.strip():
        raise Refused("Write something first.", {"text": "Write something first."})
    with record("comment.written", actor=actor, about=initiative) as act:
        may_comment(actor, initiative).or_deny()
        return act.add(Comment, initiative=initiative, by=actor, text=text.strip())


def attach(initiative: Initiative, *, name: str, content: bytes, actor: User) -> Attachment:
    """Keep a file with it, as evidence. Raises NotAllowed, or Refused for a file of another kind.

    It is stored under a name of ours; the name that it came with is only shown.
    """
    try:
        kind = files.kind_of(content)
    except files.CannotTake as error:
        raise Refused(str(error), {"file": str(error)}) from error
    shown = PurePath(name.replace("\\", "/").replace("\x00", "")).stem.strip()[:150] or "file"
    with record("attachment.added", actor=actor, about=initiative) as act:
        may_attach(actor, initiative).or_deny()
        sha256 = hashlib.sha256(content).hexdigest()
        act.note(name=f"{shown}{kind.ending}", sha256=sha256)
        return act.add(
            Attachment,
            initiative=initiative,
            by=actor,
            name=f"{shown}{kind.ending}",
            sha256=sha256,
            file=ContentFile(content, name=f"{uuid.uuid4().hex}{kind.ending}"),
        )


def place_hold(initiative: Initiative, *, until: date, reason: str, actor: User) -> Hold:
    """A dated overlay; the stage stays."""
    if until <= clock.today() or not reason.strip():
        raise Refused(
            "A hold needs a reason and a day in the future.", {"until": "Choose a day in the future."}
        )
    with record("hold.placed", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_place_hold(actor, initiative).or_deny()
        lifecycle.require_open(initiative)
        if lifecycle.holding(initiative):
            raise InvalidMove("It is on hold already.")
        hold = act.add(Hold, initiative=initiative, until=until, reason=reason)
        initiative.on_hold = True
        initiative.save(update_fields=["on_hold"])
        return hold


def lift_hold(initiative: Initiative, *, reason: str, actor: User) -> HoldLift:
    """End the hold before its day."""
    with record("hold.lifted", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_lift_hold(actor, initiative).or_deny()
        hold = lifecycle.holding(initiative)
        if hold is None:
            raise InvalidMove("It is not on hold.")
        lift = act.add(HoldLift, hold=hold, reason=reason)
        initiative.on_hold = False
        initiative.save(update_fields=["on_hold"])
        return lift


# Actuals -------------------------------------------------------------------------------------


def post(
    initiative: Initiative,
    *,
    service_month: date,
    amount: Decimal,
    currency: str,
    category: str,
    text: str = "",
    actor: User,
) -> Posting:
    """Type one posting by hand; it is marked unreconciled and keeps its author from releasing money.

    A month that is closed is booked in the open one. A negative amount is a credit note.
    """
    with record("posting.added", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_post(actor, initiative).or_deny()
        return post_within(
            act,
            initiative,
            service_month=service_month,
            amount=amount,
            currency=currency,
            category=category,
            text=text,
            actor=actor,
        )


def post_within(
    act: Act,
    initiative: Initiative,
    *,
    service_month: date,
    amount: Decimal,
    currency: str,
    category: str,
    text: str = "",
    actor: User,
) -> Posting:
    """The same as a part of an act that asked who may. Raises Refused."""
    _require_currency(currency, amount)
    month = service_month.replace(day=1)
    posting = act.add(
        Posting,
        initiative=initiative,
        kind=Posting.Kind.COST if amount >= 0 else Posting.Kind.CREDIT_NOTE,
        category=category,
        service_month=month,
        booked_month=open_month(month),
        amount=amount,
        currency=currency,
        reference=initiative.reference,
        text=text,
        by_hand=actor,
    )
    act.note(amount=amount, currency=currency, service_month=month)
    act.marks("return", [initiative.pk])
    return posting


def _require_currency(currency: str, amount: Decimal) -> None:
    if currency not in usable_currencies(fiscal_year_of(clock.today())):
        raise Refused(
            f"There is no planning rate for {currency}.", {"currency": f"No planning rate for {currency}."}
        )
    if not money.is_on_minor_unit(amount, currency):
        raise Refused(
            "The amount is too fine.", {"amount": f"{currency} has {money.minor_digits(currency)} digits."}
        )


def assign_posting(posting: Posting, initiative: Initiative, *, actor: User) -> Posting:
    """Give an unmatched posting to an initiative: the unmatched one is reversed and posted anew."""
    with record("posting.assigned", actor=actor, about=initiative) as act:
        policy.may(actor, "posting.assign", initiative).or_deny()
        if posting.initiative_id is not None or hasattr(posting, "assigned_as"):
            raise InvalidMove("This posting is matched already.")
        assigned = act.add(
            Posting,
            initiative=initiative,
            assigned_from=posting,
            kind=posting.kind,
            category=posting.category,
            phase=posting.phase,
            service_month=posting.service_month,
            booked_month=open_month(posting.booked_month),
            amount=posting.amount,
            currency=posting.currency,
            reference=posting.reference,
            document=posting.document,
            supplier=posting.supplier,
            text=posting.text,
        )
        act.marks("return", [initiative.pk])
        return assigned


def close_period(month: date, *, actor: User) -> PeriodClose:
    """Close a month and with it all before; later postings for them are booked in the open one."""
    month = month.replace(day=1)
    if month >= clock.today().replace(day=1):
        raise Refused("Only a month that is over can be closed.", {"month": "Choose a month that is over."})
    with record("period.closed", actor=actor) as act:
        may_close_period(actor).or_deny()
        if is_period_closed(month):
            raise InvalidMove(f"{month:%Y-%m} is closed already.")
        closing = act.add(PeriodClose, month=month, by=actor)
        act.note(month=month)
        return closing


def measure(
    initiative: Initiative, *, kpi_key: str, month: date, value: Decimal, note: str = "", actor: User
) -> Measurement:
    """Report the value of a KPI over a month; a second report for the month replaces the first."""
    with record("kpi.measured", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_measure(actor, initiative).or_deny()
        if not kpis_of(initiative).filter(key=kpi_key).exists():
            raise Refused("There is no such KPI.", {"kpi_key": "Choose a KPI of the case."})
        month = month.replace(day=1)
        if month > clock.today():
            raise Refused("That month has not begun.", {"month": "Choose a month that has begun."})
        before = (
            Measurement.objects.filter(initiative=initiative, kpi_key=kpi_key, month=month, replaced_by=None)
            .order_by("id")
            .last()
        )
        measurement = act.add(
            Measurement,
            initiative=initiative,
            kpi_key=kpi_key,
            month=month,
            value=value,
            note=note,
            by=actor,
            replaces=before,
        )
        act.marks("return", [initiative.pk])
        return measurement


def reach_milestone(initiative: Initiative, *, key: str, on: date, actor: User) -> MilestoneReached:
    """Report that a milestone is reached."""
    with record("milestone.reached", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_reach_milestone(actor, initiative).or_deny()
        if not Milestone.objects.filter(case=initiative.current_case_id, key=key).exists():
            raise Refused("There is no such milestone.", {"key": "Choose a milestone of the case."})
        if on > clock.today():
            raise Refused("That day lies in the future.", {"on": "Choose today or a day before."})
        if MilestoneReached.objects.filter(initiative=initiative, key=key).exists():
            raise InvalidMove("This milestone is reported already.")
        act.note(milestone=key, on=on)
        act.marks("return", [initiative.pk])
        return act.add(MilestoneReached, initiative=initiative, key=key, on=on)


def claim_benefit(
    initiative: Initiative, *, line_key: str, month: date, amount: Decimal, evidence: str, actor: User
) -> BenefitClaim:
    """Claim what was gained in a month on a benefit line of the plan; a second claim corrects the first."""
    month = month.replace(day=1)
    if month > clock.today():
        raise Refused("That month has not begun.", {"month": "Choose a month that has begun."})
    if amount < 0:
        raise Refused("A claim can't be negative.", {"amount": "Write what was gained, 0 or more."})
    with record("benefit.claimed", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_claim(actor, initiative).or_deny()
        line = PlanLine.objects.filter(case=initiative.current_case_id, key=line_key, side="benefit").first()
        if line is None:
            raise Refused(
                "There is no such benefit line.", {"line_key": "Choose a benefit line of the plan."}
            )
        _require_currency(initiative.currency, amount)
        before = (
            BenefitClaim.objects.filter(
                initiative=initiative, line_key=line_key, month=month, replaced_by=None
            )
            .order_by("id")
            .last()
        )
        if before is not None and hasattr(before, "attestation"):
            raise InvalidMove("Finance attested this month already; ask them for a correction.")
        claim = act.add(
            BenefitClaim,
            initiative=initiative,
            line_key=line_key,
            month=month,
            amount=amount,
            currency=initiative.currency,
            is_cash=line.is_cash,
            evidence=evidence,
            by=actor,
            replaces=before,
        )
        act.note(amount=amount, month=month)
        act.marks("return", [initiative.pk])
        return claim


def attest(
    claim: BenefitClaim, *, amount: Decimal, where_it_shows: str, exception: str = "", actor: User
) -> Attestation:
    """Finance's yes to a claim, for at most what was claimed, naming where the money shows.

    `exception` says why in spite of a rule of segregation that bends. Raises NotAllowed or Refused.
    """
    if not where_it_shows.strip():
        raise Refused(
            "Say where the money shows.",
            {"where_it_shows": "Name the cost centre that fell or the post not refilled."},
        )
    if not 0 <= amount <= claim.amount or not money.is_on_minor_unit(amount, claim.currency):
        raise Refused(
            "Attest at most what was claimed.", {"amount": f"Write an amount from 0 to {claim.amount:.2f}."}
        )
    with record("benefit.attested", actor=actor, about=claim.initiative, reason=where_it_shows) as act:
        lifecycle.lock(claim.initiative)
        verdict = may_attest(actor, claim)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=exception, by=actor, field="exception")
        if hasattr(claim, "replaced_by") or Attestation.objects.filter(claim=claim).exists():
            raise InvalidMove("This claim was corrected or attested meanwhile.")
        attestation = act.add(
            Attestation, claim=claim, amount=amount, where_it_shows=where_it_shows.strip(), by=actor
        )
        act.note(amount=amount, month=claim.month)
        act.marks("return", [claim.initiative_id])
        return attestation


# Rates ---------------------------------------------------------------------------------------


def propose_rates(
    *, name: str, fiscal_year: int, rates: Mapping[str, str], source: str, actor: User
) -> RateSet:
    """Propose planning rates: currency -> units of the base currency for one unit, as decimal texts."""
    errors = {
        f"rates.{currency}": "Write a positive rate for a currency that Keel knows."
        for currency, text in rates.items()
        if currency not in money.CURRENCIES or not Decimal(text) > 0
    }
    if errors:
        raise Refused("Some rates can't be taken.", errors)
    with record("rates.proposed", actor=actor) as act:
        may_propose_rates(actor).or_deny()
        return act.add(
            RateSet,
            name=name,
            fiscal_year=fiscal_year,
            base=settings.BASE_CURRENCY,
            rates=dict(rates),
            source=source,
            proposed_by=actor,
        )


def confirm_rates(rate_set: RateSet, *, actor: User) -> RateSetConfirmation:
    """The CFO puts planning rates in force; every return in a foreign currency follows."""
    with record("rates.confirmed", actor=actor) as act:
        may_confirm_rates(actor, rate_set).or_deny()
        if RateSetConfirmation.objects.filter(rate_set=rate_set).exists():
            raise InvalidMove("These rates are in force already.")
        confirmation = act.add(RateSetConfirmation, rate_set=rate_set, by=actor)
        # A posting or an earlier case may be in another currency than the newest case.
        for model in (BusinessCase, Posting):
            foreign = model.objects.exclude(currency=settings.BASE_CURRENCY).exclude(initiative=None)
            act.marks("return", foreign.values_list("initiative", flat=True).distinct())
        return confirmation
