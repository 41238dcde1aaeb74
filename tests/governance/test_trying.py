"""Trying, as each role, to decide, release, attest or change rights and money where the rules forbid it.

By page, by the API, by token and by crafted request: refused every time, with a reason, and nothing written
but the attempt. What is tried is data: an act of another subject is one more line of `TRIED`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from accounts import policy, segregation
from accounts.models import Attempt, Role, Scope, Unit, User
from accounts.services import grant_role
from governance.services import propose_authority, propose_envelope_change, start_authority_draft
from governance.services.deputies import name_deputy
from ledger import clock
from portfolio.models import Initiative
from portfolio.services import claim_benefit, propose_rates
from tests import factories
from tests.factories import AsToken, SignIn
from tests.governance.conftest import Cast, first_tranche, in_pilot, opened
from tests.governance.test_segregation import _tie as tie_to
from tests.policy import second_reader
from tests.policy.routes import routes


@dataclass(frozen=True)
class Tried:
    """One act: its action in the table, its address with names of objects, what is sent, and how."""

    action: str
    address: str
    body: dict[str, str] = field(default_factory=dict)
    by_api: bool = False


TRIED = (
    Tried(
        "decision.sign", "/signings/{signing}/sign/", {"vote": "for", "reason": "Yes", "seen_hash": "{hash}"}
    ),
    Tried(
        "decision.sign",
        "/api/v1/signing-rounds/{signing}/sign/",
        {"vote": "for", "reason": "Yes", "seen_hash": "{hash}"},
        by_api=True,
    ),
    Tried(
        "risk.concur", "/signings/{signing}/concur/", {"vote": "for", "reason": "Yes", "seen_hash": "{hash}"}
    ),
    Tried(
        "risk.concur",
        "/api/v1/signing-rounds/{signing}/concur/",
        {"vote": "for", "reason": "Yes", "seen_hash": "{hash}"},
        by_api=True,
    ),
    Tried("tranche.release", "/tranches/{tranche}/release/", {"reason": "Due"}),
    Tried("benefit.attest", "/claims/{claim}/attest/", {"amount": "100", "where_it_shows": "Cost centre 12"}),
    Tried("initiative.stop", "/initiatives/{initiative}/stop/", {"reason": "Enough"}),
    Tried("outcome.set", "/initiatives/{initiative}/outcome/", {"outcome": "met", "reason": "It did"}),
    Tried("operation.accept", "/initiatives/{initiative}/operation/", {}),
    Tried("signing.open", "/initiatives/{initiative}/decision/", {"verb": "stop", "reason": "Enough"}),
    Tried(
        "envelope.propose", "/envelopes/propose/", {"kind": "appropriation", "amount": "5", "reason": "More"}
    ),
    Tried("envelope.confirm", "/envelopes/changes/{change}/confirm/", {}),
    Tried("rates.confirm", "/rates/{rates}/confirm/", {}),
    Tried("role.grant", "/people/{person}/grant/", {"grant-role": "cfo", "grant-unit": "{unit}"}),
    Tried("role.confirm", "/grants/{grant}/confirm/", {}),
    Tried("role.revoke", "/grants/{grant}/revoke/", {"revoke-{grant}-reason": "No"}),
    Tried("deputy.name", "/deputies/name/", {"deputy": "{person}", "reason": "A week off"}),
    Tried("deputy.confirm", "/deputies/{deputy}/confirm/", {}),
    Tried("item.waive", "/initiatives/{initiative}/waive/", {"item": "grade", "reason": "We know enough"}),
    Tried("recommendation.answer", "/initiatives/{initiative}/recommendation/", {"answer": "go_on"}),
    Tried("risk.block", "/initiatives/{initiative}/block/", {"reason": "Unsafe"}),
    Tried("risk.unblock", "/initiatives/{initiative}/block/lift/", {"reason": "Safe"}),
    Tried("veto.place", "/initiatives/{initiative}/veto/", {"reason": "Unreliable"}),
    Tried("veto.lift", "/initiatives/{initiative}/veto/lift/", {"reason": "Reliable"}),
    Tried("control.except", "/initiatives/{initiative}/controls/exception/", {"reason": "Not needed"}),
    Tried("authority.approve", "/authority/versions/{version}/vote/", {"vote": "for", "reason": "Yes"}),
)
# Tables that a refused request may write to: the attempt, and what keeps a browser signed in.
MAY_GROW = {"accounts.Attempt", "sessions.Session"}


@dataclass
class World:
    """Everything that the addresses name, and who tries."""

    names: dict[str, Any]
    initiative: Initiative
    people: list[tuple[str, User]]

    def sent(self, tried: Tried) -> tuple[str, dict[str, str]]:
        """The address and the body for the objects of this world."""
        body = {key.format(**self.names): text.format(**self.names) for key, text in tried.body.items()}
        return tried.address.format(**self.names), body


@pytest.fixture
def tried_world(cast: Cast, group: Unit, other_unit: Unit, outsider: User) -> World:
    """A running pilot with a round, a tranche and a claim; what waits for a second person; the whole cast."""
    initiative = in_pilot(cast)
    claim = claim_benefit(
        initiative,
        line_key="saving",
        month=clock.today(),
        amount=Decimal(100),
        evidence="Counted.",
        actor=cast.unit_lead,
    )
    signing = opened(cast, initiative, 0, verb="stop", first_tranche=0, reason="It goes nowhere")
    change = propose_envelope_change(
        cast.unit,
        clock.today().year + 1,
        kind="appropriation",
        amount=Decimal(1000),
        reason="More",
        actor=cast.finance,
    )
    rates = propose_rates(
        name="Plan", fiscal_year=clock.today().year, rates={"EUR": "1.1"}, source="ECB", actor=cast.finance
    )
    administrator = factories.make_person("Ada Admin", Role.ADMINISTRATOR, group)
    waiting = grant_role(outsider, role=Role.CONTRIBUTOR, unit=cast.unit, actor=administrator)
    deputy = name_deputy(
        outsider, valid_from=clock.today(), valid_to=clock.today(), reason="A day off", actor=cast.ceo
    )
    people = [
        (role, factories.make_person(f"{role} of {where}", role, where))
        for where in (cast.unit, other_unit)
        for role in Role.values
        if role != Role.INTEGRATOR
    ]
    people += [("nobody", factories.make_user("Nobody", home_unit=cast.unit))]
    people += [("owner", cast.owner), ("sponsor", cast.sponsor), ("benefit_owner", cast.benefit_owner)]
    names = {
        "signing": signing.pk,
        "hash": signing.content_hash,
        "tranche": first_tranche(initiative).pk,
        "claim": claim.pk,
        "initiative": initiative.pk,
        "change": change.pk,
        "rates": rates.pk,
        "person": outsider.pk,
        "unit": cast.unit.pk,
        "grant": waiting.pk,
        "deputy": deputy.pk,
        "version": proposed_authority(cast.portfolio_office),
    }
    return World(names, initiative, people)


def proposed_authority(office: User) -> int:
    """The number of a version of the authority that waits for CFO and CEO."""
    draft = start_authority_draft(preset="small", actor=office)
    return propose_authority(version=draft.version, reason="Smaller", actor=office).number


def rows() -> dict[str, int]:
    """How many rows each table has."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.label not in MAY_GROW
    }


def send(client: Client, tried: Tried, world: World) -> Any:
    """One try."""
    address, body = world.sent(tried)
    if tried.by_api:
        return client.post(address, body, content_type="application/json")
    return client.post(address, body)


def refused(answer: Any) -> bool:
    """Whether it is a refusal with a sentence; a stranger's 404 says nothing on purpose.

    A form shows the refusal at its field, with the status of a value that can't be taken.
    """
    if answer.status_code == 404:
        return True
    kept = Attempt.objects.latest("pk")
    return answer.status_code in {403, 422} and kept.status == answer.status_code and len(kept.reason) > 20


def who_may_not(world: World, tried: Tried) -> Iterator[tuple[str, User]]:
    """Those to whom the second reading of the table gives no way to the act."""
    row = second_reader.read()[tried.action]
    for role, user in world.people:
        of_the_unit = user.grants.filter(unit_id=world.names["unit"]).exists()
        by_role = row["roles"].get(role) in {"unit", "any"} and of_the_unit
        if not by_role and row["roles"].get(role) != "part":
            yield role, user


def test_each_role_without_the_right_is_refused_everywhere(tried_world: World, sign_in: SignIn) -> None:
    clients = {user.pk: sign_in(user) for _, user in tried_world.people}
    before, count = rows(), Attempt.objects.count()
    tries = 0
    for tried in TRIED:
        for role, user in who_may_not(tried_world, tried):
            if tried.address.startswith(("/envelopes/propose", "/rates", "/deputies")) and (
                role in second_reader.read()[tried.action]["roles"]
            ):
                # It names no unit: a role for another one is let in, and stopped by what it then names.
                continue
            answer = send(clients[user.pk], tried, tried_world)
            assert refused(answer), (tried.address, role, answer.status_code)
            tries += 1
    assert rows() == before
    assert Attempt.objects.count() - count == tries > 300
    assert not Attempt.objects.filter(status=403, reason="").exists()


def test_who_is_kept_out_by_a_tie_is_refused_by_page_and_api(
    tried_world: World, cast: Cast, sign_in: SignIn
) -> None:
    holders = {
        "decision.sign": cast.cfo,
        "initiative.stop": cast.ceo,
        "tranche.release": cast.finance,
        "benefit.attest": cast.finance,
    }
    tries = 0
    for tried in TRIED:
        person = holders.get(tried.action)
        for fact in segregation.by_act().get(tried.action, {}) if person else ():
            if person is None or fact == "claimed":
                continue
            with transaction.atomic():
                if fact == "posted_by_hand" and person != cast.finance:
                    factories.grant(person, Role.FINANCE, cast.unit)
                tie_to(tried_world.initiative, fact, User.objects.get(pk=person.pk))
                client = sign_in(person)
                before = rows()
                answer = send(client, tried, tried_world)
                assert answer.status_code == 403, (tried.address, fact)
                assert segregation.by_act()[tried.action][fact].sentence in answer.content.decode()
                assert rows() == before
                kept = Attempt.objects.latest("pk")
                assert (kept.by_id, kept.action, kept.status) == (person.pk, tried.action, 403)
                assert kept.reason == segregation.by_act()[tried.action][fact].sentence
                tries += 1
                transaction.set_rollback(True)
    assert tries > 25


def test_a_token_decides_nothing(tried_world: World, cast: Cast, api: AsToken) -> None:
    account = factories.make_person(
        "Interface", Role.INTEGRATOR, cast.unit, is_service_account=True, answers_for_it=cast.cfo
    )
    client = api(factories.make_token(account, list(Scope.values)))
    before = rows()
    for tried in TRIED:
        answer = send(client, tried, tried_world)
        # A page knows no token: it leads to where people sign in.
        assert answer.status_code == (403 if tried.by_api else 302), tried.address
        if tried.by_api:
            assert "browser-only" in answer.content.decode()
            assert Attempt.objects.latest("pk").by_token
    # That the token was used is noted apart, as for any request.
    assert {name: number for name, number in rows().items() if number != before[name]} in (
        {},
        {"accounts.ApiTokenUse": 1},
    )


def test_crafted_requests_do_nothing(tried_world: World, cast: Cast, sign_in: SignIn) -> None:
    """Another verb, another method in the body, another address, a stale sign-in, a forged hash."""
    stale, fresh = sign_in(cast.cfo, fresh=False), sign_in(cast.cfo)
    before = rows()
    for tried in TRIED:
        address, body = tried_world.sent(tried)
        for method in ("put", "patch", "delete"):
            assert getattr(fresh, method)(address).status_code in {403, 404, 405}, address
        headers = {"x-http-method-override": "POST"}
        assert fresh.get(address, body, headers=headers).status_code in {200, 403, 404, 405, 409}, address
        if policy.table()[tried.action].step_up:
            status = send(stale, tried, tried_world).status_code
            # A list of changes sends back to itself and says why; that nothing happened is held below.
            assert status in {302, 403, 404, 409, 422}, (address, status)
    sign = TRIED[0].address.format(**tried_world.names)
    forged = {"vote": "for", "reason": "Yes", "seen_hash": "0" * 64}
    assert fresh.post(sign, forged).status_code == 409
    # The officer's way in is no way round a seat.
    assert fresh.post(sign.replace("/sign/", "/concur/"), forged).status_code == 403
    assert rows() == before


def test_no_route_of_an_admin_site_exists(sign_in: SignIn, administrator: User) -> None:
    assert not apps.is_installed("django.contrib.admin")
    assert [route for route in routes() if "admin" in route.pattern] == []
    assert "admin" not in get_resolver().app_dict
    for address in ("/admin/", "/admin/login/", "/django-admin/"):
        assert sign_in(administrator).get(address).status_code == 404


def test_every_act_that_decides_is_tried_or_named_elsewhere() -> None:
    """A new deciding act fails here until a line of `TRIED` tries it."""
    elsewhere = {
        # Tried in the tests of the model, which is of the whole organisation.
        "model.approve",
        # Needs a firm in which nobody may decide: tried in the tests of resolutions.
        "resolution.confirm",
        # Tried in the six cases of their own files: they need a round, a year, a share or a body that waits.
        "round.sign",
        "year.close",
        "co_funding.agree",
        "claw_back.confirm",
        "gates.decide",
        "body.confirm",
    }
    deciding = {action for action, rule in policy.table().items() if rule.decides}
    assert deciding - {tried.action for tried in TRIED} == elsewhere
    assert {tried.action for tried in TRIED} <= policy.watched()
