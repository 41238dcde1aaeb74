"""Scoring again what is open: by the same scorecards, under the version in force, and nothing else moves."""

from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from scoring import model_selectors, model_services, services
from scoring.models import Rescore, RescoreJob, Score, ScoringModel
from scoring.positions import refresh_returns
from scoring.tasks import run_rescores
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases

START = "/model/rescore/start/"


@pytest.fixture
def initiative(content: dict[str, Any], portfolio_office: User) -> Initiative:
    """Scored with 4 everywhere, at stage decision."""
    return factories.in_decision(content)


@pytest.fixture
def second(initiative: Initiative, portfolio_office: User, cfo: User, ceo: User) -> ScoringModel:
    """Another version, published after that."""
    return cases.published_model(portfolio_office, cfo, ceo)


def test_what_is_open_is_scored_again_by_a_job(
    sign_in: SignIn, portfolio_office: User, initiative: Initiative, second: ScoringModel
) -> None:
    before = Score.objects.get(pk=initiative.pk)
    assert before.model.version == 1
    assert sign_in(portfolio_office).post(START).status_code == 302
    assert Score.objects.get(pk=initiative.pk).model.version == 1
    assert run_rescores() == 1
    after = Score.objects.get(pk=initiative.pk)
    assert after.model == second
    assert after.round == before.round
    assert after.low != before.low
    job = RescoreJob.objects.get()
    assert (job.state, job.done, job.total) == ("done", 1, 1)
    entry = LedgerEntry.objects.get(act="scores.redone")
    assert entry.actor_id == portfolio_office.pk
    assert run_rescores() == 0


def test_others_may_not_ask_for_it(sign_in: SignIn, cfo: User, unit_lead: User, second: ScoringModel) -> None:
    for user in (cfo, unit_lead):
        assert sign_in(user).post(START).status_code == 403
    assert not RescoreJob.objects.exists()


def test_a_version_that_never_was_is_not_found(sign_in: SignIn, portfolio_office: User) -> None:
    assert sign_in(portfolio_office).get(reverse("scoring-model-version", args=[7])).status_code == 404


def test_with_nothing_open_and_while_one_is_under_way_it_is_refused(
    sign_in: SignIn, portfolio_office: User, second: ScoringModel
) -> None:
    client = sign_in(portfolio_office)
    assert client.post(START).status_code == 302
    assert client.post(START).status_code == 409
    run_rescores()
    answer = client.post(START)
    assert answer.status_code == 409
    assert "stands under version 2 already" in answer.content.decode()


def test_whoever_lost_the_role_meanwhile_ends_the_job_with_a_sentence(
    portfolio_office: User, second: ScoringModel
) -> None:
    model_services.ask_for_rescore(actor=portfolio_office)
    User.objects.filter(pk=portfolio_office.pk).update(is_active=False)
    run_rescores()
    job = RescoreJob.objects.get()
    assert job.state == "refused"
    assert job.sentence
    assert not Rescore.objects.exists()


def test_it_is_no_get(sign_in: SignIn, portfolio_office: User) -> None:
    assert sign_in(portfolio_office).get(START).status_code == 405


def test_a_case_whose_criterion_says_something_else_needs_new_scorecards(
    sign_in: SignIn, portfolio_office: User, cfo: User, ceo: User, initiative: Initiative
) -> None:
    draft = model_services.start_model_draft(actor=portfolio_office)
    content = cases.weighed(draft.content)
    content["criteria"][0]["levels"][2] = "The main data exists, and somebody answers for it by name."
    draft = model_services.save_model_draft(content=content, version=1, actor=portfolio_office)
    proposal = model_services.propose_model(
        version=draft.version, reason="Clearer", rounds_may_finish=False, actor=portfolio_office
    )
    for user in (cfo, ceo):
        model_services.approve_model(proposal, vote="for", seen_hash=proposal.content_hash, actor=user)
    page = sign_in(portfolio_office).get("/model/rescore/").content.decode()
    assert "1 needs new scorecards" in page
    assert initiative.reference in page
    assert sign_in(portfolio_office).post(START).status_code == 409
    assert Score.objects.get(pk=initiative.pk).model.version == 1


def test_what_was_decided_keeps_its_version(
    portfolio_office: User, cfo: User, ceo: User, content: dict[str, Any]
) -> None:
    running = factories.piloting(content)
    model = cases.published_model(portfolio_office, cfo, ceo)
    assert model_selectors.to_rescore(model) == []
    assert Score.objects.get(pk=running.pk).model.version == 1


def test_the_score_says_why_it_moved_and_the_terms_add_up(
    sign_in: SignIn, portfolio_office: User, cfo: User, initiative: Initiative, second: ScoringModel
) -> None:
    assert model_selectors.why_it_moved(initiative) is None
    model_services.ask_for_rescore(actor=portfolio_office)
    run_rescores()
    moved = model_selectors.why_it_moved(initiative)
    assert moved is not None
    assert (moved.before.version, moved.after.version) == (1, 2)
    assert sum(term.change for term in moved.terms) == pytest.approx(moved.change, abs=1e-8)
    page = sign_in(cfo).get(f"{initiative.get_absolute_url()}?tab=score").content.decode()
    assert "Why it moved" in page
    assert "from version 1 to 2" in page


def test_positions_equal_their_facts_after_a_publication_and_a_rescore(
    portfolio_office: User, initiative: Initiative, second: ScoringModel
) -> None:
    model_services.ask_for_rescore(actor=portfolio_office)
    run_rescores()
    refresh_returns()
    call_command("rebuild", "--check")


def test_a_job_that_died_half_way_is_taken_up_again(
    portfolio_office: User, content: dict[str, Any], cfo: User, ceo: User
) -> None:
    for number in range(3):
        factories.in_decision(content | {"title": f"Case {number}"})
    cases.published_model(portfolio_office, cfo, ceo)
    model_services.ask_for_rescore(actor=portfolio_office)
    job = model_services.claim_rescore()
    assert job is not None
    assert model_services.rescore_batch(job, size=2) == 2
    assert model_services.claim_rescore() is None
    RescoreJob.objects.update(lease_until=job.created_at)
    assert run_rescores() == 1
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 3)
    assert Rescore.objects.count() == 3
    assert LedgerEntry.objects.filter(act="scores.redone").count() == 2


def test_a_new_scoring_takes_the_redone_score_out_of_sight(
    portfolio_office: User, content: dict[str, Any], cfo: User, ceo: User, unit_lead: User
) -> None:
    initiative = cases.in_assessment(unit_lead, content)
    round_ = services.open_scoring(initiative, actor=portfolio_office)
    for assessor in factories.assessors_for(initiative, round_.required):
        cases.complete(cases.assign(round_, assessor, portfolio_office))
    services.close_scoring(round_, evidence_grade="D", actor=portfolio_office)
    cases.published_model(portfolio_office, cfo, ceo)
    model_services.ask_for_rescore(actor=portfolio_office)
    run_rescores()
    assert Score.objects.get(pk=initiative.pk).model.version == 2
    services.open_scoring(initiative, actor=portfolio_office)
    assert not Score.objects.filter(pk=initiative.pk).exists()
