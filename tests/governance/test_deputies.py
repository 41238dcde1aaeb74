"""A deputy signs on behalf of somebody, for some days, up to a limit, and gains nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from accounts import policy
from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Deputy, Role, RoleGrant, Unit, User
from governance import selectors
from governance.models import Decision, SigningRound
from governance.permissions import may_sign
from governance.services import deputies as services
from governance.services import sign
from ledger import clock
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, appropriated, in_decision, opened

PATH = "/deputies/"


def fresh(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


def named(principal: User, deputy: User, **values: Any) -> Deputy:
    """A deputy from today on who waits for a second person."""
    today = clock.today()
    dates: dict[str, Any] = {
        "valid_from": today,
        "valid_to": today + timedelta(9),
        "reason": "A week in the hills",
    }
    return services.name_deputy(deputy, **dates | values, actor=principal)


@pytest.fixture
def stand_in(unit: Unit) -> User:
    """Somebody who decides nothing of their own."""
    return factories.make_person("Stella Standin", Role.CONTRIBUTOR, unit)


@pytest.fixture
def signing(cast: Cast) -> SigningRound:
    """A round that needs the CFO."""
    initiative = in_decision(cast)
    appropriated(cast, 5_000_000)
    return opened(cast, initiative, 100_000)


def signed(signing: SigningRound, actor: User) -> None:
    """One vote in favour."""
    sign(signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=fresh(actor))


def test_a_confirmed_deputy_signs_on_behalf(
    cast: Cast, signing: SigningRound, stand_in: User, sign_in: SignIn
) -> None:
    row = named(cast.cfo, stand_in)
    assert not may_sign(fresh(stand_in), signing)
    services.confirm_deputy(row, actor=cast.risk_officer)
    assert selectors.open_signings_for(fresh(stand_in)) == [signing]
    page = sign_in(stand_in).get(signing.get_absolute_url()).content.decode()
    assert "You sign on behalf of Carla Cfo" in page
    answer = sign_in(stand_in).post(
        f"{signing.get_absolute_url()}sign/",
        {"vote": "for", "reason": "Worth it", "seen_hash": signing.content_hash},
    )
    assert answer.status_code == 302
    signature = signing.signatures.get()
    assert (signature.by, signature.on_behalf_of, signature.role) == (stand_in, cast.cfo, Role.CFO)
    entry = LedgerEntry.objects.filter(act="decision.signed").latest("seq")
    assert (entry.actor_id, entry.on_behalf_of_id) == (stand_in.pk, cast.cfo.pk)
    assert Decision.objects.filter(signing=signing).exists()
    page = sign_in(cast.cfo).get(signing.get_absolute_url()).content.decode()
    assert "on behalf of <strong>Carla Cfo</strong>" in page


def test_what_keeps_one_of_the_two_out_keeps_the_deputy_out(
    cast: Cast, signing: SigningRound, stand_in: User
) -> None:
    services.confirm_deputy(named(cast.cfo, stand_in), actor=cast.risk_officer)
    rows = Initiative.objects.filter(pk=signing.initiative_id)
    for person, words in (
        (cast.cfo, "Carla Cfo, who is kept out: they sponsor it"),
        (stand_in, "You sponsor"),
    ):
        rows.update(sponsor=person)
        verdict = may_sign(fresh(stand_in), SigningRound.objects.get(pk=signing.pk))
        assert not verdict
        assert words in verdict.reason
        with pytest.raises(NotAllowed):
            signed(signing, stand_in)


def test_nobody_gains_two_seats_of_one_round(cast: Cast, signing: SigningRound, stand_in: User) -> None:
    services.confirm_deputy(named(cast.cfo, stand_in), actor=cast.risk_officer)
    services.confirm_deputy(named(cast.ceo, stand_in), actor=cast.risk_officer)
    factories.grant(cast.unit_head, Role.CFO, cast.unit)
    signed(signing, stand_in)
    assert "on your behalf" in may_sign(fresh(cast.cfo), signing).reason
    with pytest.raises(InvalidMove):
        signed(signing, stand_in)


def test_a_limit_holds_and_lies_at_or_below_the_principal_s(
    cast: Cast, signing: SigningRound, stand_in: User, unit_head: User
) -> None:
    with pytest.raises(Refused) as refused:
        named(unit_head, stand_in, limit=50_001)
    assert "50\u202f000" in refused.value.errors["limit"]
    services.confirm_deputy(named(cast.cfo, stand_in, limit=1), actor=cast.risk_officer)
    assert not may_sign(fresh(stand_in), signing)
    assert selectors.open_signings_for(fresh(stand_in)) == []


def test_a_deputy_never_chains_and_reads_but_does_nothing_else(
    cast: Cast, stand_in: User, outsider: User, signing: SigningRound
) -> None:
    services.confirm_deputy(named(cast.cfo, stand_in), actor=cast.risk_officer)
    with pytest.raises(NotAllowed):
        named(fresh(stand_in), outsider)
    factories.grant(stand_in, Role.UNIT_HEAD, cast.unit)
    services.confirm_deputy(named(fresh(stand_in), outsider), actor=cast.risk_officer)
    assert {grant.role for grant in policy.lent_to(fresh(outsider))} == {Role.UNIT_HEAD}
    user = fresh(stand_in)
    acts = {act for act in policy.table() if policy.may(user, act)}
    user._lent_grants = []  # type: ignore[attr-defined]
    assert acts - {act for act in policy.table() if policy.may(user, act)} <= policy.LENT_ACTS
    user = fresh(stand_in)
    assert policy.may(user, "initiative.view", signing.initiative)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR])
def test_an_administrator_or_auditor_is_nobody_s_deputy(cast: Cast, group: Unit, role: str) -> None:
    person = factories.make_person("Kept Apart", role, group)
    with pytest.raises(NotAllowed):
        named(cast.cfo, person)
    with pytest.raises(NotAllowed):
        named(person, cast.cfo)


def test_nobody_deputises_for_themselves_or_for_long(cast: Cast, stand_in: User) -> None:
    with pytest.raises(NotAllowed, match="themselves"):
        named(cast.cfo, cast.cfo)
    with pytest.raises(Refused):
        named(cast.cfo, stand_in, valid_to=clock.today() + timedelta(30))
    with pytest.raises(Refused):
        named(cast.cfo, stand_in, valid_from=clock.today() - timedelta(1))
    named(cast.cfo, stand_in)
    with pytest.raises(InvalidMove, match="already"):
        named(cast.cfo, stand_in)


def test_a_second_person_confirms_and_either_ends_it(
    cast: Cast, stand_in: User, sign_in: SignIn, outsider: User
) -> None:
    own = named(cast.risk_officer, stand_in)
    with pytest.raises(NotAllowed, match="yourself"):
        services.confirm_deputy(own, actor=cast.risk_officer)
    row = named(cast.cfo, stand_in)
    office = sign_in(cast.risk_officer)
    assert office.post(f"{PATH}{row.pk}/confirm/").status_code == 302
    assert office.post(f"{PATH}{row.pk}/confirm/").status_code == 409
    assert office.get(f"{PATH}{row.pk}/confirm/").status_code == 405
    assert sign_in(outsider).post(f"{PATH}{row.pk}/end/", {"reason": "No"}).status_code == 403
    assert sign_in(cast.finance).post(f"{PATH}{row.pk}/end/", {"reason": "No"}).status_code == 404
    assert sign_in(cast.cfo).post(f"{PATH}{row.pk}/end/", {"reason": " "}).status_code == 422
    assert sign_in(cast.cfo).post(f"{PATH}{row.pk}/end/", {"reason": "I am back"}).status_code == 302
    assert policy.lent_to(fresh(stand_in)) == []
    assert sign_in(cast.cfo).post(f"{PATH}{row.pk}/end/", {"reason": "Again"}).status_code == 409


def test_it_is_named_on_the_page_and_nothing_typed_is_lost(
    cast: Cast, stand_in: User, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    browser = sign_in(cast.cfo)
    typed = {
        "deputy": stand_in.pk,
        "valid_from": clock.today().isoformat(),
        "valid_to": (clock.today() + timedelta(60)).isoformat(),
        "reason": "A week in the hills",
    }
    answer = browser.post(f"{PATH}name/", typed)
    assert answer.status_code == 422
    assert "A week in the hills" in answer.content.decode()
    typed["valid_to"] = clock.today().isoformat()
    assert browser.post(f"{PATH}name/", typed).status_code == 302
    assert sign_in(stand_in).post(f"{PATH}name/", typed).status_code == 403
    with django_assert_max_num_queries(16):
        assert "Stella Standin for Carla Cfo" in browser.get(PATH).content.decode()


def test_an_ended_role_or_deputy_lends_nothing(cast: Cast, stand_in: User) -> None:
    services.confirm_deputy(named(cast.cfo, stand_in), actor=cast.risk_officer)
    assert policy.lent_to(fresh(stand_in))
    User.objects.filter(pk=cast.cfo.pk).update(is_active=False)
    assert policy.lent_to(fresh(stand_in)) == []
    assert RoleGrant.objects.filter(user=cast.cfo).exists()
