"""Pages of the half-yearly review of access."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import policy
from accounts.acting import took
from accounts.http import PortalRequest, acts
from governance import reviews
from governance.models import AccessReview, AccessReviewLine
from governance.services import reviews as services

PAGE = 50


class AnswerForm(forms.Form):
    """Keep a line or end what it lists."""

    answer = forms.ChoiceField(choices=[("keep", "Keep"), ("end", "End")], widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=500, label="Why it ends")


@acts("review.view")
@require_GET
def review_list(request: PortalRequest) -> HttpResponse:
    """The newest review with its lines and its progress, and the earlier ones."""
    newest = AccessReview.objects.order_by("-pk").first()
    return _page(request, newest)


@acts("review.view")
@require_GET
def review_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One review: the report of who kept and who ended what."""
    return _page(request, get_object_or_404(AccessReview, pk=pk))


def _page(
    request: PortalRequest, review: AccessReview | None, refused: dict[int, forms.Form] | None = None
) -> HttpResponse:
    rows: list[dict[str, Any]] = []
    page = None
    if review is not None:
        page = Paginator(reviews.lines_for(request.user, review), PAGE).get_page(request.GET.get("page"))
        rows = [
            {
                "line": line,
                "answer": getattr(line, "answer", None),
                "may_answer": reviews.may_answer(request.user, line),
                "form": (refused or {}).get(line.pk) or AnswerForm(auto_id=f"id_{line.pk}_%s"),
            }
            for line in page.object_list
        ]
    context = {
        "review": review,
        "progress": reviews.progress(review) if review is not None else None,
        "page": page,
        "rows": rows,
        "earlier": AccessReview.objects.order_by("-pk")[:10],
        "sees_people": policy.may(request.user, "people.view"),
        "may_open": reviews.may_open_review(request.user),
    }
    return render(request, "governance/access_review.html", context, status=422 if refused else 200)


@acts("review.open")
@require_POST
def review_open(request: PortalRequest) -> HttpResponse:
    """Open a review now."""
    review = services.open_review(actor=request.user)
    messages.success(request, f"{review} is open until {review.due_on:%-d %b %Y}.")
    return redirect("access-review-list")


@acts("review.answer")
@require_POST
def review_answer(request: PortalRequest, pk: int) -> HttpResponse:
    """Keep a line or end what it lists."""
    line = get_object_or_404(AccessReviewLine.objects.select_related("review", "unit", "person"), pk=pk)
    get_object_or_404(reviews.lines_for(request.user, line.review), pk=pk)
    reviews.may_answer(request.user, line).or_deny()
    form = AnswerForm(request.POST, auto_id=f"id_{pk}_%s")
    done = took(
        form,
        lambda values: services.answer_line(
            line, keep=values["answer"] == "keep", reason=values["reason"], actor=request.user
        ),
        request,
    )
    if not done:
        return _page(request, line.review, {pk: form})
    messages.success(
        request, f"{line.person}: {'kept' if form.cleaned_data['answer'] == 'keep' else 'ended'}."
    )
    return redirect("access-review-detail", line.review_id)
