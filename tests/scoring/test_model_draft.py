"""Writing the next version: one draft at a time, saved unfinished, by one window after the other."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.errors import Changed
from accounts.models import Role, Unit, User
from ledger.models import LedgerEntry
from scoring import model_services, model_views
from scoring.models import ModelDraft
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases

SAVE, START, PAGE = "/model/draft/save/", "/model/draft/start/", "/model/draft/"


@pytest.fixture
def draft(portfolio_office: User) -> ModelDraft:
    return model_services.start_model_draft(actor=portfolio_office)


def typed(draft: ModelDraft, **changes: Any) -> dict[str, Any]:
    """The whole form as a browser sends it."""
    return model_views.initial_data(draft) | changes


def test_a_draft_starts_from_the_version_in_force_and_keeps_what_is_typed(
    sign_in: SignIn, portfolio_office: User
) -> None:
    client = sign_in(portfolio_office)
    assert "No draft is open" in client.get(PAGE).content.decode()
    assert client.post(START).status_code == 302
    draft = ModelDraft.objects.get()
    sent = typed(
        draft, **{"name": "Second model", "data_readiness-level_3": "Some words", "impact-weight": 40}
    )
    assert client.post(SAVE, sent).status_code == 302
    draft.refresh_from_db()
    assert draft.content["name"] == "Second model"
    assert draft.content["criteria"][0]["levels"][2] == "Some words"
    page = client.get(PAGE).content.decode()
    assert "The weights of the dimensions add up to 95 %, 5 too little: make it 100 %." in page
    assert "Some words" in page
    # A draft is no fact: nothing of it stands in the ledger.
    assert not LedgerEntry.objects.filter(act__startswith="model.").exclude(act="model.published").exists()


def test_only_the_office_of_the_whole_writes_it(
    sign_in: SignIn, draft: ModelDraft, cfo: User, unit_lead: User, unit: Unit
) -> None:
    local = factories.make_person("Lola Local", Role.PORTFOLIO_OFFICE, unit)
    for user in (cfo, unit_lead, local):
        assert sign_in(user).post(SAVE, typed(draft)).status_code == 403
        assert sign_in(user).post(START).status_code == 403


def test_without_a_draft_there_is_nothing_to_save(sign_in: SignIn, portfolio_office: User) -> None:
    answer = sign_in(portfolio_office).post(SAVE, {"version": 1})
    assert answer.status_code == 409
    assert "A published version never changes" in answer.content.decode()


def test_there_is_one_draft_at_a_time(sign_in: SignIn, portfolio_office: User, draft: ModelDraft) -> None:
    assert sign_in(portfolio_office).post(START).status_code == 409
    assert ModelDraft.objects.count() == 1


def test_a_draft_that_is_proposed_stands_still(sign_in: SignIn, portfolio_office: User) -> None:
    proposal = cases.proposed_model(portfolio_office)
    draft = ModelDraft.objects.get()
    answer = sign_in(portfolio_office).post(SAVE, typed(draft))
    assert answer.status_code == 409
    assert f"Version {proposal.model.version} is proposed and frozen" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("impact-weight", "many", "Enter a whole number."),
        ("impact-weight", "101", "less than or equal to 100"),
        ("kappa", "a lot", "“a lot” is not a number."),
        ("time_to_benefit-value_1", "soon", "“soon” is not a number."),
        ("time_to_benefit-rating_2", "", "Write both, or neither."),
        ("hurdle-score-at_least", "1e99", "is not a number that can be used here."),
    ],
)
def test_what_is_no_number_is_said_at_its_field_and_stays(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft, field: str, value: str, words: str
) -> None:
    answer = sign_in(portfolio_office).post(SAVE, typed(draft, **{field: value, "name": "Kept"}))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert 'value="Kept"' in page
    assert ModelDraft.objects.get().content == draft.content


def test_saving_is_no_get(sign_in: SignIn, portfolio_office: User, draft: ModelDraft) -> None:
    for address in (SAVE, START, reverse("model-draft-discard")):
        assert sign_in(portfolio_office).get(address).status_code == 405


def test_two_windows_do_not_overwrite_each_other(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft
) -> None:
    client = sign_in(portfolio_office)
    first, second = typed(draft, name="From the first"), typed(draft, name="From the second")
    assert client.post(SAVE, first).status_code == 302
    answer = client.post(SAVE, second)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "From the first" in page
    assert 'value="From the second"' in page
    assert ModelDraft.objects.get().content["name"] == "From the first"
    # The next save goes on from there.
    assert client.post(SAVE, second | {"version": 2}).status_code == 302
    with pytest.raises(Changed):
        model_services.discard_model_draft(version=1, actor=portfolio_office)


def test_swings_give_the_weights_of_a_list(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft
) -> None:
    swings = {"feasibility-order": 2, "feasibility-swing": 50, "cost-order": 3, "cost-swing": 50}
    sent = typed(draft, **swings, **{"impact-order": 1, "impact-swing": 100, "do": "weigh:dimensions"})
    assert sign_in(portfolio_office).post(SAVE, sent).status_code == 302
    weights = [row["weight"] for row in ModelDraft.objects.get().content["dimensions"]]
    assert weights == [25, 25, 50]


@pytest.mark.parametrize(
    ("swings", "words"),
    [
        ({"impact-swing": 90, "cost-swing": 50, "feasibility-swing": 50}, "The largest swing is 100"),
        ({"impact-swing": 100, "cost-swing": 50}, "Rate this swing from 1 to 100."),
        (
            {
                "impact-swing": 50,
                "impact-order": 1,
                "cost-swing": 100,
                "cost-order": 2,
                "feasibility-swing": 9,
            },
            "its swing is at most 50",
        ),
    ],
)
def test_swings_that_do_not_fit_are_refused_at_their_row(
    sign_in: SignIn, portfolio_office: User, draft: ModelDraft, swings: dict[str, int], words: str
) -> None:
    sent = typed(draft, **swings, do="weigh:dimensions")
    answer = sign_in(portfolio_office).post(SAVE, sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_criteria_are_added_and_taken_out(sign_in: SignIn, portfolio_office: User, draft: ModelDraft) -> None:
    client = sign_in(portfolio_office)
    assert client.post(SAVE, typed(draft, do="add:cost")).status_code == 302
    draft.refresh_from_db()
    assert draft.content["criteria"][-1]["key"] == "criterion_1"
    assert "Say in words what 3 means for “criterion_1”." in client.get(PAGE).content.decode()
    assert client.post(SAVE, typed(draft, do="remove:criterion_1")).status_code == 302
    draft.refresh_from_db()
    assert "criterion_1" not in {row["key"] for row in draft.content["criteria"]}


def test_those_who_approve_read_the_draft_and_strangers_do_not(
    sign_in: SignIn, draft: ModelDraft, cfo: User, ceo: User, auditor: User, unit_lead: User
) -> None:
    for user in (cfo, ceo, auditor):
        page = sign_in(user).get(PAGE).content.decode()
        assert "You read the draft." in page
        assert "Save the draft</button>\n" not in page or "disabled" in page
    assert sign_in(unit_lead).get(PAGE).status_code == 403


def test_a_draft_is_thrown_away(sign_in: SignIn, portfolio_office: User, draft: ModelDraft) -> None:
    answer = sign_in(portfolio_office).post(reverse("model-draft-discard"), {"version": draft.version})
    assert answer.status_code == 302
    assert not ModelDraft.objects.exists()
