"""How a page of this room shows one act."""

from collections.abc import Sequence

from django import forms
from django.http import HttpResponse

from accounts import acting
from accounts.http import PortalRequest
from accounts.verdict import Verdict
from assurance.selectors import Standing
from portfolio.models import Initiative


def act_page(
    request: PortalRequest,
    initiative: Initiative | None,
    verdict: Verdict,
    form: forms.Form,
    act: acting.Doing,
    *,
    title: str,
    button: str,
    done: str,
    back: str = "",
    words: str = "",
    nothing: str = "",
    is_danger: bool = False,
    shown: Sequence[Standing] = (),
) -> HttpResponse:
    """One form, one act; `back` is where it leads, the tab of risks when nothing is said.

    `shown` are controls whose evidence stands above the form. `nothing` says that there is nothing to act
    on, and `words` why: both stand in the form's place.
    """
    if not back:
        back = f"{initiative.get_absolute_url()}?tab=risk" if initiative is not None else "/"
    return acting.act_page(
        request,
        verdict,
        form,
        act,
        template="assurance/act.html",
        back=back,
        done=done,
        context={
            "initiative": initiative,
            "heading": title,
            "button": button,
            "back": back,
            "words": words,
            "nothing": nothing,
            "is_danger": is_danger,
            "shown": shown,
        },
    )
