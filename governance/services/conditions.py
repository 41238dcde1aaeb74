"""Conditions of a decision: their owners report, the office or finance accepts, a job chases."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from accounts import segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from governance import authority
from governance.messages import tell
from governance.models import Condition, ConditionReminder, ConditionReport, ConditionReview
from governance.permissions import may_report_condition, may_review_condition
from ledger import clock
from ledger.services import Act, record
from portfolio import lifecycle
from portfolio.models import Attachment, RiskFlag

# From how many days before (minus) or after its day on which stage is told.
CHASED_FROM = {
    ConditionReminder.Stage.LATE: 14,
    ConditionReminder.Stage.OVERDUE: 1,
    ConditionReminder.Stage.DUE: 0,
    ConditionReminder.Stage.SOON: -7,
}


def write_condition(condition: Condition, *, act: Act) -> None:
    """Part of a decision: from the day after its own it turns the risk part of the status amber."""
    _flag(condition, is_raised=True, act=act)


def _flag(condition: Condition, *, is_raised: bool, act: Act) -> None:
    act.add(
        RiskFlag,
        initiative=condition.decision.initiative,
        kind=RiskFlag.Kind.CONDITION_OVERDUE,
        subject=condition.pk,
        is_raised=is_raised,
        from_on=condition.due_on + timedelta(days=1),
    )
    act.marks("return", [condition.decision.initiative_id])


def is_fulfilled(condition: Condition) -> bool:
    """Whether a report on it was accepted."""
    return ConditionReview.objects.filter(report__condition=condition, is_accepted=True).exists()


def waiting_report(condition: Condition) -> ConditionReport | None:
    """The report that nobody has looked at yet."""
    return ConditionReport.objects.filter(condition=condition, review=None).order_by("-id").first()


def report_condition(
    condition: Condition, *, evidence: str, attachment: Attachment | None = None, actor: User
) -> ConditionReport:
    """Its owner reports that it is fulfilled, and with what that can be seen.

    Raises NotAllowed, Refused without evidence, InvalidMove when it is fulfilled or a report waits.
    """
    initiative = condition.decision.initiative
    if not evidence.strip():
        raise Refused("Say what shows it.", {"evidence": "Write what was done, and where it can be seen."})
    if attachment is not None and attachment.initiative_id != initiative.pk:
        raise Refused("This file is of another initiative.", {"attachment": "Choose one of its files."})
    with record("condition.reported", actor=actor, about=initiative, reason=evidence) as act:
        initiative = condition.decision.initiative = lifecycle.lock(initiative)
        may_report_condition(actor, condition).or_deny()
        lifecycle.require_open(initiative)
        if is_fulfilled(condition):
            raise InvalidMove("This condition is fulfilled already.")
        if waiting_report(condition) is not None:
            raise InvalidMove("Your report waits to be looked at.")
        act.note(condition=condition.pk)
        report = act.add(
            ConditionReport, condition=condition, evidence=evidence.strip(), attachment=attachment, by=actor
        )
        tell(
            [
                *authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit),
                *authority.holders(Role.FINANCE, initiative.unit),
            ],
            subject=f"{initiative.reference}: a condition is reported as fulfilled",
            sentence=f"{actor} on “{condition.text}”: {evidence.strip()}",
            path=reverse("condition-detail", args=[condition.pk]),
        )
        return report


def review_condition(condition: Condition, *, accept: bool, reason: str = "", actor: User) -> ConditionReview:
    """Accept what its owner reported, or send it back with what is missing.

    Raises NotAllowed, Refused when sent back without a reason, InvalidMove without a report that waits.
    """
    if not accept and not reason.strip():
        raise Refused("Say what is missing.", {"reason": "Write what is missing."})
    initiative = condition.decision.initiative
    name = "condition.accepted" if accept else "condition.returned"
    with record(name, actor=actor, about=initiative, reason=reason) as act:
        initiative = condition.decision.initiative = lifecycle.lock(initiative)
        verdict = may_review_condition(actor, condition)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        lifecycle.require_open(initiative)
        report = waiting_report(condition)
        if report is None:
            raise InvalidMove("No report waits to be looked at.")
        act.note(condition=condition.pk, report=report.pk)
        review = act.add(ConditionReview, report=report, is_accepted=accept, reason=reason.strip(), by=actor)
        if accept:
            _flag(condition, is_raised=False, act=act)
        became = "fulfilled" if accept else "not fulfilled yet"
        tell(
            [condition.owner],
            subject=f"{initiative.reference}: your condition is {became}",
            sentence=f"{actor} {'accepted' if accept else 'sent back'} your report on “{condition.text}”. "
            f"{reason.strip()}".strip(),
            path=reverse("condition-detail", args=[condition.pk]),
        )
        return review


# What waits ----------------------------------------------------------------------------------


def unfulfilled() -> QuerySet[Condition]:
    """The conditions of open initiatives that nobody accepted yet, what is due first on top."""
    accepted = ConditionReview.objects.filter(report__condition=OuterRef("pk"), is_accepted=True)
    return (
        Condition.objects.filter(~Exists(accepted), decision__initiative__closed_kind="")
        .select_related("owner", "decision__initiative__unit")
        .order_by("due_on", "id")
    )


def chase_conditions() -> int:
    """Remind of conditions before and after their day, once for each stage; returns of how many.

    Their owner is told; from the day after also the portfolio office, whose next tranche they block.
    """
    today, told = clock.today(), 0
    soon = today + timedelta(days=7)
    kept = set(ConditionReminder.objects.values_list("condition", "stage"))
    for condition in unfulfilled().filter(due_on__lte=soon):
        days = (today - condition.due_on).days
        stage = next(stage for stage, since in CHASED_FROM.items() if days >= since)
        if (condition.pk, stage) in kept:
            continue
        _, is_new = ConditionReminder.objects.get_or_create(condition=condition, stage=stage)
        if is_new:
            _chase(condition, days)
            told += 1
    return told


def _chase(condition: Condition, days: int) -> None:
    initiative = condition.decision.initiative
    people: list[User | None] = [condition.owner]
    if days > 0:
        people += [initiative.owner, *authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit)]
        what = f"was due on {condition.due_on:%-d %b %Y}; the next tranche waits for it"
    else:
        what = f"is due on {condition.due_on:%-d %b %Y}"
    tell(
        people,
        subject=f"{initiative.reference}: a condition {'is overdue' if days > 0 else 'is due soon'}",
        sentence=f"“{condition.text}”, of {condition.owner}, {what}.",
        path=reverse("condition-detail", args=[condition.pk]),
    )
