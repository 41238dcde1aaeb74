"""Twice a year everything that gives access is kept or ended, by somebody else than its holder."""

from typing import Any

import pytest

from accounts import policy
from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import ApiToken, Deputy, Role, RoleGrant, RoleRevocation, Unit, User
from governance.models import (
    AccessReview,
    AccessReviewAnswer,
    AccessReviewLine,
    BodyMember,
    BodyMemberEnd,
)
from governance.review_tasks import open_access_review
from governance.reviews import progress
from governance.services import bodies
from governance.services.deputies import name_deputy
from governance.services.reviews import answer_line, open_review
from ledger import clock
from ledger.models import LedgerEntry
from tests import factories
from tests.factories import SignIn

PATH = "/access-reviews/"


def fresh(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def review(
    unit_lead: User,
    unit_head: User,
    cfo: User,
    risk_officer: User,
    administrator: User,
    integrator: User,
    outsider: User,
) -> AccessReview:
    """Some grants, a deputy and a token, listed."""
    factories.make_token(integrator)
    name_deputy(outsider, valid_from=clock.today(), valid_to=clock.today(), reason="A day off", actor=cfo)
    return open_review(actor=fresh(risk_officer))


def line_of(review: AccessReview, person: User, kind: str = "grant") -> AccessReviewLine:
    """The line of somebody."""
    return AccessReviewLine.objects.get(review=review, person=person, kind=kind)


def test_it_lists_every_grant_deputy_and_token(review: AccessReview) -> None:
    lines = AccessReviewLine.objects.filter(review=review)
    assert lines.filter(kind="grant").count() == RoleGrant.objects.active().count()
    assert lines.filter(kind="deputy").count() == lines.filter(kind="token").count() == 1
    found = progress(review)
    assert (found.lines, found.kept, found.ended) == (lines.count(), 0, 0)
    assert found.waiting == lines.count()


def test_a_seat_is_reviewed_by_who_could_end_it(
    portfolio_office: User, risk_officer: User, administrator: User, ceo: User, outsider: User
) -> None:
    body = bodies.propose_body(name="AI committee", quorum=1, actor=portfolio_office)
    bodies.confirm_body(body, actor=ceo)
    for person in (outsider, ceo):
        seat = bodies.propose_member(body, user=person, actor=portfolio_office)
        if person == outsider:
            bodies.confirm_member(seat, actor=ceo)
    review = open_review(actor=None)
    # What nobody confirmed gives no access.
    line = AccessReviewLine.objects.get(review=review, kind="seat")
    assert line.what.startswith("Votes in the AI committee since")
    with pytest.raises(NotAllowed):
        answer_line(line, keep=True, actor=fresh(administrator))
    answer_line(line, keep=False, reason="Left the firm", actor=fresh(risk_officer))
    assert not BodyMember.objects.active().exists()
    assert BodyMemberEnd.objects.get().reason == "Left the firm"


def test_ending_a_line_ends_what_it_lists(
    review: AccessReview, risk_officer: User, unit_lead: User, outsider: User, integrator: User
) -> None:
    officer = fresh(risk_officer)
    with pytest.raises(Refused):
        answer_line(line_of(review, unit_lead), keep=False, actor=officer)
    answer_line(line_of(review, unit_lead), keep=False, reason="Moved on", actor=officer)
    assert policy.roles_of(fresh(unit_lead)) == frozenset()
    assert RoleRevocation.objects.get().reason == "Moved on"
    answer_line(line_of(review, outsider, "deputy"), keep=False, reason="Back", actor=officer)
    assert Deputy.objects.get().revocation.reason == "Back"
    answer_line(line_of(review, integrator, "token"), keep=False, reason="Unused", actor=officer)
    assert not ApiToken.objects.get().is_live
    assert progress(review).ended == 3
    assert LedgerEntry.objects.filter(act="review.answered").count() == 3


def test_a_line_is_answered_once_and_never_by_its_holder(
    review: AccessReview, risk_officer: User, administrator: User, unit_head: User, unit_lead: User, cfo: User
) -> None:
    with pytest.raises(NotAllowed, match="your own access"):
        answer_line(line_of(review, risk_officer), keep=True, actor=fresh(risk_officer))
    answer_line(line_of(review, risk_officer), keep=True, actor=fresh(administrator))
    with pytest.raises(InvalidMove, match="answered"):
        answer_line(line_of(review, risk_officer), keep=True, actor=fresh(administrator))
    # A unit's head keeps what is of the unit; ending it is for who ends roles, and nothing is half done.
    with pytest.raises(NotAllowed):
        answer_line(line_of(review, unit_lead), keep=False, reason="No", actor=fresh(unit_head))
    assert not AccessReviewAnswer.objects.filter(line__person=unit_lead).exists()
    answer_line(line_of(review, unit_lead), keep=True, actor=fresh(unit_head))
    with pytest.raises(NotAllowed):
        answer_line(line_of(review, cfo), keep=True, actor=fresh(unit_head))


def test_the_job_opens_one_in_half_a_year(group: Unit, risk_officer: User) -> None:
    assert open_access_review() == 1
    assert open_access_review() == 0
    with pytest.raises(InvalidMove):
        open_review(actor=fresh(risk_officer))
    assert AccessReview.objects.get().opened_by is None


def test_the_page_answers_line_by_line(
    review: AccessReview,
    sign_in: SignIn,
    risk_officer: User,
    unit_lead: User,
    unit_head: User,
    cfo: User,
    outsider: User,
    django_assert_max_num_queries: Any,
) -> None:
    officer, line = sign_in(risk_officer), line_of(review, unit_lead)
    with django_assert_max_num_queries(14):
        page = officer.get(PATH).content.decode()
    assert "Lena Lead" in page
    assert "This is your own access" in page
    address = f"{PATH}lines/{line.pk}/"
    assert officer.post(address, {"answer": "end", "reason": ""}).status_code == 422
    assert officer.post(address, {"answer": "perhaps"}).status_code == 422
    assert sign_in(outsider).post(address, {"answer": "keep"}).status_code == 403
    assert (
        sign_in(unit_head).post(f"{PATH}lines/{line_of(review, cfo).pk}/", {"answer": "keep"}).status_code
        == 404
    )
    assert officer.get(address).status_code == 405
    assert officer.post(address, {"answer": "keep"}).status_code == 302
    assert officer.post(address, {"answer": "keep"}).status_code == 409
    assert "Kept" in officer.get(f"{PATH}{review.pk}/").content.decode()
    assert officer.post(f"{PATH}open/").status_code == 409
    assert (
        sign_in(factories.make_person("Part Officer", Role.RISK_OFFICER, line.unit))
        .post(f"{PATH}open/")
        .status_code
        == 403
    )
