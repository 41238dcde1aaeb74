"""Reporting an incident and following it to its end."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts import segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from assurance import selectors
from assurance.models import (
    DAYS,
    Duty,
    Incident,
    IncidentCost,
    IncidentFailedControl,
    IncidentReminder,
    IncidentStep,
    Severity,
)
from assurance.permissions import may_book, may_close, may_follow, may_grade, may_report
from assurance.services.common import lower_flag, raise_flag, require_reason, tell
from ledger import clock
from ledger.services import Act, record
from portfolio import lifecycle, money
from portfolio.models import Initiative, PlanLine, RiskFlag
from portfolio.services import post_within

# How many days before the day of the report people are reminded; on it and after it, each day.
REMIND_BEFORE = (7, 3, 1)


def report(
    initiative: Initiative,
    *,
    title: str,
    severity: str,
    what: str,
    happened_on: date,
    noticed_on: date,
    people_affected: int | None = None,
    duty: str = Duty.NONE,
    stated_cost: Decimal | None = None,
    failed_controls: Sequence[str] = (),
    external_id: str = "",
    actor: User,
) -> Incident:
    """Report that something went wrong. Raises NotAllowed, or Refused with what to change."""
    currency = initiative.currency
    errors = {
        name: sentence
        for name, is_wrong, sentence in (
            ("title", not title.strip(), "Say in a few words what went wrong."),
            ("what", not what.strip(), "Write what happened."),
            ("severity", severity not in Severity.values, "Choose how bad it was."),
            ("duty", duty not in Duty.values, "Choose what an authority has to be told."),
            ("happened_on", happened_on > clock.today(), "That day lies in the future."),
            ("noticed_on", noticed_on > clock.today(), "That day lies in the future."),
            ("noticed_on", noticed_on < happened_on, "It can't have been noticed before it happened."),
            (
                "stated_cost",
                stated_cost is not None
                and (stated_cost < 0 or not money.is_on_minor_unit(stated_cost, currency)),
                f"Write an amount of 0 or more in {currency}.",
            ),
            (
                "duty",
                duty != Duty.NONE and severity == Severity.MINOR,
                "What an authority has to be told of is not minor.",
            ),
        )
        if is_wrong
    }
    if errors:
        raise Refused("This report lacks something.", errors)
    behalf = actor.person if actor.is_service_account else None
    with record("incident.reported", actor=actor, on_behalf_of=behalf, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_report(actor, initiative).or_deny()
        known = {control.code for control in selectors.controls_in_force()}
        if not set(failed_controls) <= known:
            raise Refused("There is no such control.", {"failed_controls": "Choose controls of the library."})
        if external_id and Incident.objects.filter(initiative=initiative, external_id=external_id).exists():
            raise InvalidMove("This incident was reported already.")
        due = noticed_on + timedelta(days=DAYS[duty]) if duty in DAYS else None
        incident = act.add(
            Incident,
            initiative=initiative,
            title=title.strip(),
            severity=severity,
            what=what.strip(),
            happened_on=happened_on,
            noticed_on=noticed_on,
            people_affected=people_affected,
            duty=duty,
            authority_due_on=due,
            stated_cost=stated_cost,
            currency=initiative.currency,
            external_id=external_id.strip(),
            by=actor,
        )
        for code in dict.fromkeys(failed_controls):
            act.add(IncidentFailedControl, incident=incident, code=code)
        act.note(incident=incident.pk, severity=severity, duty=duty)
        if severity == Severity.SEVERE:
            raise_flag(act, initiative, RiskFlag.Kind.SEVERE_INCIDENT, subject=incident.pk)
        if due is not None:
            late = due + timedelta(days=1)
            raise_flag(act, initiative, RiskFlag.Kind.REPORT_OVERDUE, subject=incident.pk, from_on=late)
        by_when = f" An authority has to be told by {due:%-d %b %Y}." if due is not None else ""
        _tell_those_who_care(
            incident,
            f"{initiative.reference}: {severity} incident",
            f"{actor} reports “{incident.title}” in “{initiative.title}”.{by_when}",
        )
        return incident


def _tell_those_who_care(incident: Incident, subject: str, sentence: str) -> None:
    initiative = incident.initiative
    people = [initiative.owner, initiative.benefit_owner, initiative.sponsor]
    officers = selectors.holders(Role.RISK_OFFICER, initiative.unit)
    leads = selectors.holders(Role.UNIT_LEAD, initiative.unit)
    tell([*people, *leads, *officers], subject=subject, sentence=sentence, path=incident.get_absolute_url())


def _locked(incident: Incident) -> Incident:
    """The incident with its initiative locked, so that its steps come one after the other."""
    incident.initiative = lifecycle.lock(incident.initiative)
    return incident


def _steps(incident: Incident) -> dict[str, IncidentStep]:
    return {step.kind: step for step in IncidentStep.objects.filter(incident=incident).order_by("id")}


def _step(incident: Incident, kind: str, text: str, *, act: Act, actor: User, **values: str) -> IncidentStep:
    done = _steps(incident)
    if IncidentStep.Kind.CLOSED in done and kind != IncidentStep.Kind.TOLD:
        raise InvalidMove("This incident is closed.")
    if kind in done and kind != IncidentStep.Kind.GRADED:
        raise InvalidMove(f"This was done already: {done[kind].get_kind_display().lower()}.")
    act.note(incident=incident.pk, step=kind)
    return act.add(IncidentStep, incident=incident, kind=kind, text=text, by=actor, **values)


def contain(incident: Incident, *, text: str, actor: User) -> IncidentStep:
    """Say that it does no more harm, and how that was reached. Raises NotAllowed, InvalidMove, Refused."""
    text = require_reason(text, "text")
    with record("incident.contained", actor=actor, about=incident.initiative, reason=text) as act:
        incident = _locked(incident)
        may_follow(actor, incident).or_deny()
        step = _step(incident, IncidentStep.Kind.CONTAINED, text, act=act, actor=actor)
        _tell_those_who_care(incident, f"Contained: {incident.title}", f"{actor}: {text}")
        return step


def tell_authority(incident: Incident, *, text: str, actor: User) -> IncidentStep:
    """Say which authority was told, and under which number. Raises NotAllowed, InvalidMove, Refused."""
    text = require_reason(text, "text")
    with record("incident.told", actor=actor, about=incident.initiative, reason=text) as act:
        incident = _locked(incident)
        may_follow(actor, incident).or_deny()
        if incident.authority_due_on is None:
            raise InvalidMove("No authority has to be told of this incident.")
        step = _step(incident, IncidentStep.Kind.TOLD, text, act=act, actor=actor)
        lower_flag(act, incident.initiative, RiskFlag.Kind.REPORT_OVERDUE, subject=incident.pk)
        return step


def grade(incident: Incident, *, severity: str, reason: str, actor: User) -> IncidentStep:
    """A risk officer changes how bad it was. Raises NotAllowed, InvalidMove or Refused."""
    reason = require_reason(reason)
    if severity not in Severity.values:
        raise Refused("Choose a severity.", {"severity": "Choose how bad it was."})
    with record("incident.graded", actor=actor, about=incident.initiative, reason=reason) as act:
        incident = _locked(incident)
        verdict = may_grade(actor, incident)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        done = _steps(incident).get(IncidentStep.Kind.GRADED)
        if severity == (done.severity if done is not None else incident.severity):
            raise InvalidMove("It has this severity already.")
        step = _step(incident, IncidentStep.Kind.GRADED, reason, act=act, actor=actor, severity=severity)
        if severity == Severity.SEVERE:
            raise_flag(act, incident.initiative, RiskFlag.Kind.SEVERE_INCIDENT, subject=incident.pk)
        else:
            lower_flag(act, incident.initiative, RiskFlag.Kind.SEVERE_INCIDENT, subject=incident.pk)
        return step


def close_incident(incident: Incident, *, text: str, lessons: str, actor: User) -> IncidentStep:
    """A risk officer closes it with its lessons, once it is contained and an authority told where due.

    Raises NotAllowed, InvalidMove or Refused.
    """
    text, lessons = require_reason(text, "text"), require_reason(lessons, "lessons")
    with record("incident.closed", actor=actor, about=incident.initiative, reason=text) as act:
        incident = _locked(incident)
        verdict = may_close(actor, incident)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=text, by=actor, field="text")
        done = _steps(incident)
        if IncidentStep.Kind.CONTAINED not in done:
            raise InvalidMove("It is not contained yet.")
        if incident.authority_due_on is not None and IncidentStep.Kind.TOLD not in done:
            raise InvalidMove("An authority has to be told first.")
        step = _step(incident, IncidentStep.Kind.CLOSED, text, act=act, actor=actor, lessons=lessons)
        lower_flag(act, incident.initiative, RiskFlag.Kind.SEVERE_INCIDENT, subject=incident.pk)
        _tell_those_who_care(incident, f"Closed: {incident.title}", f"{actor}: {lessons}")
        return step


def book_cost(incident: Incident, *, amount: Decimal, service_month: date, actor: User) -> IncidentCost:
    """Finance books what it cost as a posting of the category incident, so that the return holds it.

    Raises NotAllowed, InvalidMove or Refused.
    """
    if amount <= 0:
        raise Refused("Write what it cost.", {"amount": "Write an amount above 0."})
    if service_month > clock.today():
        raise Refused("That month has not begun.", {"service_month": "Choose a month that has begun."})
    with record("incident.cost_booked", actor=actor, about=incident.initiative) as act:
        incident = _locked(incident)
        may_book(actor, incident).or_deny()
        posting = post_within(
            act,
            incident.initiative,
            service_month=service_month,
            amount=amount,
            currency=incident.currency,
            category=PlanLine.Category.INCIDENT,
            text=f"Incident: {incident.title}"[:300],
            actor=actor,
        )
        act.note(incident=incident.pk)
        return act.add(IncidentCost, incident=incident, posting=posting, by=actor)


def chase(today: date) -> int:
    """Remind those who have to tell an authority, 7, 3 and 1 days before, on the day, and each day after.

    Returns how many incidents were chased. Running it twice on a day chases once.
    """
    chased = 0
    rows = Incident.objects.to_tell().filter(authority_due_on__lte=today + timedelta(days=max(REMIND_BEFORE)))
    for incident in rows.select_related(
        "initiative__unit", "initiative__owner", "initiative__benefit_owner", "initiative__sponsor"
    ):
        due = incident.authority_due_on
        if due is None or ((due - today).days > 0 and (due - today).days not in REMIND_BEFORE):
            continue
        try:
            with transaction.atomic():
                IncidentReminder.objects.create(incident=incident, on=today)
                late = due < today
                _tell_those_who_care(
                    incident,
                    f"{'Overdue' if late else 'Due'}: tell the authority of “{incident.title}”",
                    f"The authority {'had' if late else 'has'} to be told by {due:%-d %b %Y} "
                    f"({Duty(incident.duty).label}).",
                )
        except IntegrityError:
            # Another worker chased it just now.
            continue
        chased += 1
    return chased
