"""What keeps further money of an initiative back; what is released already stays usable."""

from assurance.selectors import why_stopped
from governance import drift
from governance.models import Condition
from ledger import clock
from portfolio.models import Initiative


def overdue_conditions(initiative: Initiative) -> list[Condition]:
    """Its conditions whose day is over and whose fulfilment nobody accepted."""
    rows = Condition.objects.filter(decision__initiative=initiative, due_on__lt=clock.today())
    return list(rows.exclude(reports__review__is_accepted=True).select_related("owner").order_by("due_on"))


def obstacles_of(initiative: Initiative) -> list[str]:
    """Each of them in a sentence that says who can end it."""
    return [*_changed(initiative), *others_of(initiative)]


def others_of(initiative: Initiative) -> list[str]:
    """The same without what a reopened decision says itself."""
    found = [stopped] if (stopped := why_stopped(initiative)) else []
    found += [
        f"The condition “{row.text}” was due on {row.due_on:%-d %b %Y}: {row.owner} reports that it is "
        "fulfilled, and the portfolio office or finance accepts it."
        for row in overdue_conditions(initiative)
    ]
    if drift.is_sponsor_late(initiative):
        found.append(
            f"{initiative.sponsor} has not confirmed as its new sponsor within {drift.SPONSOR_DAYS} days."
        )
    return found


def _changed(initiative: Initiative) -> list[str]:
    decision = drift.standing_decision(initiative)
    if decision is None:
        return []
    if changes := drift.changes_of(decision, initiative):
        words = "; ".join(f"{change.label.lower()} {change.words}" for change in changes)
        return [f"It changed since it was decided at {decision.gate} ({words}): it is decided anew first."]
    if hasattr(decision, "reopening"):
        return [f"The decision at {decision.gate} is reopened: it is decided anew first."]
    return []
