"""Approving a version: CFO and CEO, each once, bound to what was on the screen; the second publishes it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.errors import Changed, InvalidMove
from accounts.models import Role, Unit, User
from ledger.facts import FactIsFinal
from ledger.models import LedgerEntry
from scoring import model_services, services
from scoring.models import ModelApproval, ModelDraft, ModelProposal, ModelPublication, ScoringModel
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases


@pytest.fixture
def proposal(portfolio_office: User) -> ModelProposal:
    return cases.proposed_model(portfolio_office)


@pytest.fixture
def url(proposal: ModelProposal) -> str:
    return reverse("model-vote", args=[proposal.model.version])


def vote(proposal: ModelProposal, which: str = "for", **changes: str) -> dict[str, str]:
    """One vote as a browser sends it."""
    return {"vote": which, "reason": "", "seen_hash": proposal.content_hash} | changes


def acts() -> list[str]:
    """The acts of the model in the ledger, after the one that Keel came with."""
    return list(
        LedgerEntry.objects.filter(act__startswith="model.").order_by("seq").values_list("act", flat=True)
    )[1:]


def test_the_second_approval_publishes_the_version(
    sign_in: SignIn, cfo: User, ceo: User, proposal: ModelProposal, url: str
) -> None:
    assert sign_in(cfo).post(url, vote(proposal)).status_code == 302
    assert ScoringModel.objects.in_force().version == 1
    assert sign_in(ceo).post(url, vote(proposal)).status_code == 302
    assert ScoringModel.objects.in_force() == proposal.model
    publication = ModelPublication.objects.get(model=proposal.model)
    assert (publication.by, publication.co_signed_by) == (cfo, ceo)
    assert acts() == ["model.proposed", "model.approved", "model.approved", "model.published"]
    assert not ModelDraft.objects.exists()


def test_the_office_may_not_approve(
    sign_in: SignIn, portfolio_office: User, finance: User, proposal: ModelProposal, url: str
) -> None:
    for user in (portfolio_office, finance):
        assert sign_in(user).post(url, vote(proposal)).status_code == 403
    assert not ModelApproval.objects.exists()


def test_a_version_that_nobody_proposed_is_not_found(
    sign_in: SignIn, cfo: User, proposal: ModelProposal
) -> None:
    assert sign_in(cfo).post(reverse("model-vote", args=[9]), vote(proposal)).status_code == 404


def test_a_refused_version_takes_no_more_votes(
    sign_in: SignIn, cfo: User, ceo: User, proposal: ModelProposal, url: str
) -> None:
    refused = vote(proposal, "against", reason="Feasibility must not fall.")
    assert sign_in(cfo).post(url, refused).status_code == 302
    assert sign_in(ceo).post(url, vote(proposal)).status_code == 409
    assert acts() == ["model.proposed", "model.refused"]
    assert ScoringModel.objects.in_force().version == 1
    # The office goes on with its draft, and is told why.
    assert ModelDraft.objects.get().proposed is None
    assert "Feasibility must not fall." in proposal.proposed_by.notifications.latest("pk").sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vote": "perhaps"}, "not one of the available choices"),
        ({"vote": "against"}, "Say what should change."),
    ],
)
def test_no_vote_and_a_refusal_without_a_reason_are_said_at_their_field(
    sign_in: SignIn, cfo: User, proposal: ModelProposal, url: str, changes: dict[str, str], words: str
) -> None:
    response = sign_in(cfo).post(url, vote(proposal) | changes)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_vote_is_no_get(sign_in: SignIn, cfo: User, url: str) -> None:
    assert sign_in(cfo).get(url).status_code == 405


def test_what_was_seen_must_be_what_is_there(
    sign_in: SignIn, cfo: User, proposal: ModelProposal, url: str
) -> None:
    response = sign_in(cfo).post(url, vote(proposal, seen_hash="0" * 64))
    assert response.status_code == 409
    assert "not the version that you saw" in response.content.decode()
    with pytest.raises(Changed):
        model_services.approve_model(proposal, vote="for", seen_hash="", actor=cfo)


def test_a_vote_asks_who_it_is_again(sign_in: SignIn, cfo: User, proposal: ModelProposal, url: str) -> None:
    response = sign_in(cfo, fresh=False).post(url, vote(proposal) | {"password": "wrong"})
    assert response.status_code == 422
    assert not ModelApproval.objects.exists()


def test_who_wrote_on_the_draft_may_not_approve_it(
    sign_in: SignIn, group: Unit, portfolio_office: User
) -> None:
    both = factories.make_person("Bo Both", Role.PORTFOLIO_OFFICE, group)
    factories.grant(both, Role.CFO, group)
    draft = model_services.start_model_draft(actor=both)
    content = cases.weighed(draft.content, **cases.OTHER_WEIGHTS)
    draft = model_services.save_model_draft(content=content, version=1, actor=portfolio_office)
    proposal = model_services.propose_model(
        version=draft.version, reason="So", rounds_may_finish=True, actor=portfolio_office
    )
    response = sign_in(both).post(reverse("model-vote", args=[2]), vote(proposal))
    assert response.status_code == 403
    assert "You wrote on this version" in response.content.decode()


def test_one_person_with_both_roles_has_one_vote(
    sign_in: SignIn, group: Unit, proposal: ModelProposal, url: str
) -> None:
    both = factories.make_person("Bo Both", Role.CFO, group)
    factories.grant(both, Role.CEO, group)
    assert sign_in(both).post(url, vote(proposal)).status_code == 302
    assert sign_in(both).post(url, vote(proposal)).status_code == 409
    assert ScoringModel.objects.in_force().version == 1


def test_a_second_cfo_does_not_take_the_place_of_the_ceo(
    sign_in: SignIn, group: Unit, cfo: User, proposal: ModelProposal, url: str
) -> None:
    other = factories.make_person("Conrad Cfo", Role.CFO, group)
    assert sign_in(cfo).post(url, vote(proposal)).status_code == 302
    assert sign_in(other).post(url, vote(proposal)).status_code == 409
    assert ScoringModel.objects.in_force().version == 1


def test_publishing_over_open_scorecards_is_refused_and_names_them(
    sign_in: SignIn, portfolio_office: User, cfo: User, ceo: User, content: dict[str, Any]
) -> None:
    proposal = cases.proposed_model(portfolio_office, rounds_may_finish=False)
    url = reverse("model-vote", args=[proposal.model.version])
    assert sign_in(cfo).post(url, vote(proposal)).status_code == 302
    initiative = factories.in_assessment(content)
    services.open_scoring(initiative, actor=portfolio_office)
    response = sign_in(ceo).post(url, vote(proposal))
    assert response.status_code == 409
    assert f"{initiative.reference} is being scored: close it first" in response.content.decode()
    assert ScoringModel.objects.in_force().version == 1
    assert ModelApproval.objects.count() == 1


def test_a_round_that_runs_finishes_under_its_own_version(
    portfolio_office: User, cfo: User, ceo: User, assessor: User, content: dict[str, Any]
) -> None:
    initiative = factories.in_assessment(content)
    round_ = services.open_scoring(initiative, actor=portfolio_office)
    assignment = cases.assign(round_, assessor, portfolio_office)
    cases.published_model(portfolio_office, cfo, ceo)
    cases.complete(assignment)
    services.close_scoring(round_, evidence_grade="D", actor=portfolio_office)
    initiative.refresh_from_db()
    assert initiative.score.model.version == 1


def test_a_published_version_can_be_changed_by_nobody(portfolio_office: User, cfo: User, ceo: User) -> None:
    model = cases.published_model(portfolio_office, cfo, ceo)
    model.name = "Another one"
    with pytest.raises(FactIsFinal):
        model.save()
    with pytest.raises(InvalidMove, match="never changes"):
        model_services.save_model_draft(content={}, version=1, actor=portfolio_office)


def test_an_edit_of_a_published_version_is_refused_by_page_and_api(
    sign_in: SignIn, portfolio_office: User
) -> None:
    client: Client = sign_in(portfolio_office)
    assert client.post(reverse("model-draft-save"), {"version": 1}).status_code == 409
    for method in (client.put, client.patch):
        answer = method("/api/v1/scoring-models/1/", "{}", content_type="application/json")
        assert answer.status_code == 409
        assert "never changes" in answer.content.decode()
