"""Two people approve at once, on real threads: one version is published, once, and nobody votes twice."""

from collections.abc import Callable

import pytest

from accounts.errors import DomainError, InvalidMove
from accounts.models import Role, User
from ledger import chain
from ledger.models import LedgerEntry, LedgerHead
from scoring import model_services
from scoring.models import ModelApproval, ModelDraft, ModelProposal, ModelPublication, ScoringModel
from tests import factories
from tests.governance.test_race import at_once
from tests.scoring import cases

pytestmark = pytest.mark.django_db(transaction=True)


def approves(proposal: ModelProposal, user: User) -> Callable[[], object]:
    """One person's vote, with a user of its own as each request has."""
    return lambda: model_services.approve_model(
        ModelProposal.objects.select_related("model").get(pk=proposal.pk),
        vote="for",
        seen_hash=proposal.content_hash,
        actor=User.objects.get(pk=user.pk),
    )


def test_cfo_and_ceo_approve_at_once_and_publish_one_version() -> None:
    group = factories.make_unit("Northwind Group")
    office = factories.make_person("Petra Portfolio", Role.PORTFOLIO_OFFICE, group)
    cfos = [factories.make_person(f"Carla Cfo {number}", Role.CFO, group) for number in range(4)]
    ceos = [factories.make_person(f"Clemens Ceo {number}", Role.CEO, group) for number in range(4)]
    proposal = cases.proposed_model(office)
    ended = at_once([approves(proposal, user) for user in (*cfos, *ceos)])
    assert ended.count(None) == 2
    assert all(isinstance(error, DomainError) for error in ended if error is not None)
    assert sorted(ModelApproval.objects.values_list("role", flat=True)) == ["ceo", "cfo"]
    assert ModelPublication.objects.filter(model=proposal.model).count() == 1
    assert ScoringModel.objects.in_force() == proposal.model
    assert LedgerEntry.objects.filter(act="model.published").count() == 2
    assert not ModelDraft.objects.exists()
    head = LedgerHead.objects.get()
    assert head.seq == LedgerEntry.objects.count()
    assert len(head.hash) == len(chain.digest(""))


def test_a_refusal_and_an_approval_at_once_leave_no_version_in_force() -> None:
    group = factories.make_unit("Northwind Group")
    office = factories.make_person("Petra Portfolio", Role.PORTFOLIO_OFFICE, group)
    cfo = factories.make_person("Carla Cfo", Role.CFO, group)
    ceo = factories.make_person("Clemens Ceo", Role.CEO, group)
    proposal = cases.proposed_model(office)

    def refuses() -> object:
        return model_services.approve_model(
            ModelProposal.objects.select_related("model").get(pk=proposal.pk),
            vote="against",
            reason="No.",
            seen_hash=proposal.content_hash,
            actor=User.objects.get(pk=ceo.pk),
        )

    ended = at_once([approves(proposal, cfo), refuses])
    assert ended[1] is None
    assert ended[0] is None or isinstance(ended[0], InvalidMove)
    assert ScoringModel.objects.in_force().version == 1
    assert ModelDraft.objects.get().proposed is None


def test_two_drafts_started_at_once_are_one() -> None:
    group = factories.make_unit("Northwind Group")
    people = [factories.make_person(f"Petra {number}", Role.PORTFOLIO_OFFICE, group) for number in range(4)]

    def starts(user: User) -> Callable[[], object]:
        return lambda: model_services.start_model_draft(actor=User.objects.get(pk=user.pk))

    ended = at_once([starts(user) for user in people])
    assert ended.count(None) == 1
    assert ModelDraft.objects.count() == 1
