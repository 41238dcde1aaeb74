"""Proposing a version: the draft is frozen under one hash, or it is said what keeps it from that."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.errors import Incomplete
from accounts.models import User
from ledger.models import LedgerEntry
from scoring import model_services, services, workshop
from scoring.models import ModelDraft, ModelProposal, ScoringModel
from scoring.selectors import model_of
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases

URL = "/model/draft/propose/"


@pytest.fixture
def draft(portfolio_office: User) -> ModelDraft:
    return cases.draft_model(portfolio_office)


def sent(draft: ModelDraft, **changes: Any) -> dict[str, Any]:
    """The proposal as a browser sends it."""
    return {"version": draft.version, "reason": "Impact counts for too little."} | changes


def changed(draft: ModelDraft, office: User, **rows: dict[str, Any]) -> ModelDraft:
    """The draft with other values in some criteria, by key."""
    content = cases.weighed(draft.content)
    content["criteria"] = [row | rows.get(row["key"], {}) for row in content["criteria"]]
    return model_services.save_model_draft(content=content, version=draft.version, actor=office)


def test_a_draft_is_frozen_and_put_before_cfo_and_ceo(
    sign_in: SignIn, portfolio_office: User, cfo: User, ceo: User, draft: ModelDraft
) -> None:
    answer = sign_in(portfolio_office).post(URL, sent(draft))
    assert answer.status_code == 302
    assert answer["Location"] == reverse("model-proposal", args=[2])
    proposal = ModelProposal.objects.get()
    frozen = ScoringModel.objects.prefetch_related("criteria").get(version=2)
    assert workshop.hash_of(draft.content) == proposal.content_hash
    assert workshop.hash_of(workshop.content_of(model_of(frozen))) == proposal.content_hash
    entry = LedgerEntry.objects.get(act="model.proposed")
    assert (entry.actor_id, proposal.content_hash in entry.body) == (portfolio_office.pk, True)
    for user in (cfo, ceo):
        assert "waits for you" in user.notifications.get().subject
        page = sign_in(user).get(reverse("model-proposal", args=[2])).content.decode()
        assert "Record your vote on version 2" in page
        assert "Impact counts for too little." in page
    # It is nobody's rule yet.
    assert ScoringModel.objects.in_force().version == 1
    assert sign_in(cfo).get(reverse("scoring-model-version", args=[2])).status_code == 404


def test_who_approves_does_not_propose(sign_in: SignIn, cfo: User, ceo: User, draft: ModelDraft) -> None:
    for user in (cfo, ceo):
        assert sign_in(user).post(URL, sent(draft)).status_code == 403


def test_a_version_that_nobody_proposed_has_no_page(sign_in: SignIn, cfo: User) -> None:
    assert sign_in(cfo).get(reverse("model-proposal", args=[2])).status_code == 404


def test_a_draft_is_proposed_once_and_only_with_a_change(sign_in: SignIn, portfolio_office: User) -> None:
    draft = model_services.start_model_draft(actor=portfolio_office)
    client = sign_in(portfolio_office)
    answer = client.post(URL, sent(draft))
    assert answer.status_code == 409
    assert "says the same as version 1" in answer.content.decode()
    draft = changed(draft, portfolio_office, data_readiness={"title": "Data"})
    assert client.post(URL, sent(draft)).status_code == 302
    assert client.post(URL, sent(draft)).status_code == 409


@pytest.mark.parametrize(
    ("key", "values", "words"),
    [
        ("data_readiness", {"weight": 25}, "add up to 105 %, 5 too much: make it 100 %."),
        (
            "data_readiness",
            {"levels": ["", "b", "c", "d", "e"]},
            "Say in words what 1 means for “Data readiness”.",
        ),
        (
            "time_to_benefit",
            {"knots": [["3", "5"], ["6", "3"], ["12", "4"], ["24", "1"]]},
            "must be falling, and between 6 and 12 it rises: change the rating at 12.",
        ),
        (
            "corrected_return",
            {"knots": [["-0.5", "1"], ["0", "3"], ["1", "2"], ["2", "5"]]},
            "must be rising, and between 0 and 1 it falls: change the rating at 1.",
        ),
        ("corrected_return", {"knots": [["0", "1"]]}, "needs at least two points"),
        ("corrected_return", {"knots": [["0", "3"], ["1", "3"]]}, "is level everywhere"),
        ("corrected_return", {"knots": [["1", "1"], ["0", "5"]]}, "with a rising value"),
        ("corrected_return", {"knots": [["0", "0"], ["1", "5"]]}, "lies between 1 and 5"),
        ("data_readiness", {"kind": "computed", "knots": [["0", "1"], ["1", "5"]]}, "must be judged"),
        ("data_readiness", {"title": " "}, "Give the criterion a title."),
    ],
)
def test_what_is_wrong_is_said_at_its_place(
    sign_in: SignIn,
    portfolio_office: User,
    draft: ModelDraft,
    key: str,
    values: dict[str, Any],
    words: str,
) -> None:
    draft = changed(draft, portfolio_office, **{key: values})
    answer = sign_in(portfolio_office).post(URL, sent(draft))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    with pytest.raises(Incomplete) as raised:
        model_services.propose_model(
            version=draft.version, reason="So", rounds_may_finish=True, actor=portfolio_office
        )
    assert any(words in sentence for sentence in raised.value.missing.values())
    assert not ModelProposal.objects.exists()


def test_a_proposal_without_a_reason_is_refused(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft
) -> None:
    assert sign_in(portfolio_office).post(URL, sent(draft, reason=" ")).status_code == 422


def test_a_proposal_is_no_get(sign_in: SignIn, portfolio_office: User, draft: ModelDraft) -> None:
    assert sign_in(portfolio_office).get(URL).status_code == 405


def test_over_running_scorings_the_office_says_what_becomes_of_them(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft, content: dict[str, Any]
) -> None:
    initiative = factories.in_assessment(content)
    services.open_scoring(initiative, actor=portfolio_office)
    client = sign_in(portfolio_office)
    answer = client.post(URL, sent(draft))
    assert answer.status_code == 422
    assert f"{initiative.reference} is being scored" in answer.content.decode()
    assert client.post(URL, sent(draft, rounds_may_finish="on")).status_code == 302
    assert ModelProposal.objects.get().rounds_may_finish


def test_what_was_saved_meanwhile_is_not_proposed_unseen(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft
) -> None:
    assert sign_in(portfolio_office).post(URL, sent(draft, version=1)).status_code == 409
    assert not ModelProposal.objects.exists()


def test_the_ledger_reads_each_act_of_the_model(
    sign_in: SignIn, portfolio_office: User, cfo: User, ceo: User
) -> None:
    cases.published_model(portfolio_office, cfo, ceo)
    page = sign_in(cfo).get("/ledger/").content.decode()
    for act in ("model.proposed", "model.approved", "model.published"):
        assert act in page
