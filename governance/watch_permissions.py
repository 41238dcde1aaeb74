"""Who may report on a pilot, answer a recommendation, and give or give up a part."""

from accounts import policy
from accounts.models import User
from accounts.verdict import Verdict
from governance.permissions import uninvolved
from portfolio.models import Initiative


def may_report_first_user(user: User, initiative: Initiative) -> Verdict:
    """The owner, or a lead of its unit."""
    return policy.may(user, "first_user.report", initiative)


def may_ask_extension(user: User, initiative: Initiative) -> Verdict:
    """The owner, or a lead of its unit."""
    return policy.may(user, "extension.request", initiative)


def may_answer_recommendation(user: User, initiative: Initiative) -> Verdict:
    """CFO or CEO, with no part in it: they hold the highest steps, which may decide a lower one."""
    return uninvolved(user, "recommendation.answer", initiative)


def may_step_down(user: User, initiative: Initiative) -> Verdict:
    """Its sponsor."""
    return policy.may(user, "sponsor.step_down", initiative)


def may_appoint(user: User, initiative: Initiative) -> Verdict:
    """A lead of its unit, or the portfolio office."""
    return policy.may(user, "part.appoint", initiative)
