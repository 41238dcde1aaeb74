"""How a page of governance shows one act on one initiative."""

from django import forms
from django.http import HttpResponse

from accounts import acting
from accounts.http import PortalRequest
from accounts.verdict import Verdict
from governance import gates
from governance.models import Gate
from portfolio.models import Initiative


def act_page(
    request: PortalRequest,
    initiative: Initiative,
    verdict: Verdict,
    form: forms.Form,
    act: acting.Doing,
    *,
    title: str,
    button: str,
    done: str,
    tab: str = "decisions",
    gate: str = "",
) -> HttpResponse:
    """One form, one act on one initiative, with what the gate asks beside it."""
    return acting.act_page(
        request,
        verdict,
        form,
        act,
        template="governance/act.html",
        back=f"{initiative.get_absolute_url()}?tab={tab}",
        done=done,
        context={
            "initiative": initiative,
            "heading": title,
            "button": button,
            "tab": tab,
            "gate": Gate(gate).label if gate else "",
            "items": gates.check(initiative, gate) if gate else [],
        },
    )
