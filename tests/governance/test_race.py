"""Sixty-four people sign at once against one envelope, and it is never overrun; without the guard it is."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction

from accounts.errors import EnvelopeExceeded
from accounts.models import Role, Unit, User
from governance import authority, balances, pack, services
from governance.models import (
    Commitment,
    Decision,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    Signature,
    SigningRound,
)
from ledger import chain, clock
from ledger.models import LedgerEntry, LedgerHead
from ledger.services import record
from portfolio.models import BusinessCase, Classification, Initiative, StageChange
from portfolio.selectors import fiscal_year_of
from tests import factories

THREADS = 64
EACH = Decimal(1_000)
FITS = 20


def make_envelope(unit: Unit, amount: Decimal) -> Envelope:
    """An envelope with a confirmed appropriation."""
    names = (f"Pia Proposer {unit.pk}", f"Kim Confirmer {unit.pk}")
    people = [factories.make_person(name, Role.FINANCE, unit) for name in names]
    with record("envelope.confirmed", actor=people[1]) as act:
        envelope = Envelope.objects.create(unit=unit, fiscal_year=fiscal_year_of(clock.today()))
        EnvelopeBalance.objects.create(envelope=envelope)
        change = act.add(
            EnvelopeChange,
            envelope=envelope,
            kind="appropriation",
            amount=amount,
            reason="The plan of the year",
            proposed_by=people[0],
        )
        act.add(EnvelopeConfirmation, change=change, by=people[1])
        balances.appropriate(balances.lock([envelope])[envelope.pk], amount)
    return envelope


def ready_to_sign(
    unit: Unit, number: int, author: User, *, amount: Decimal = EACH, bucket: str = "core"
) -> SigningRound:
    """A small initiative of the light track whose decision waits for one signature."""
    with record("signing.opened", actor=author) as act:
        initiative = Initiative.objects.create(
            reference=f"AI-2026-{number:04d}", unit=unit, created_by=author, stage="decision", track="light"
        )
        content = {"title": f"Initiative {number}", "stop_rules": [], "bucket": bucket}
        case = act.add(
            BusinessCase,
            initiative=initiative,
            version=1,
            purpose="registration",
            submitted_by=author,
            content=content,
            content_hash=chain.digest(chain.canonical(content)),
            title=content["title"],
            currency="USD",
            whole_life_cost=amount,
            cash_benefit=amount,
        )
        act.add(Classification, initiative=initiative, kind="track", value="light", by=author)
        for field, value in (("current_case", case), ("currency", "USD"), ("submitter", author)):
            setattr(initiative, field, value)
        initiative.title, initiative.whole_life_cost = case.title, case.whole_life_cost
        act.add(StageChange, initiative=initiative, from_stage="draft", to_stage="decision", reason="")
        initiative.stage_since = act.at
        initiative.save()
        step = authority.step_for(amount, "")
        frozen = pack.content_of(
            initiative,
            case,
            gate="G3",
            verb="go",
            amount=amount,
            first_tranche=amount,
            step=step,
            tested_amount=amount,
            parts=[],
            items=[],
            conditions=[],
            more={},
        )
        return act.add(
            SigningRound,
            initiative=initiative,
            gate="G3",
            case=case,
            verb="go",
            amount=amount,
            first_tranche=amount,
            currency="USD",
            tested_amount=amount,
            step=step,
            reason="Small and sure",
            content=frozen,
            content_hash=pack.hash_of(frozen),
            opened_by=author,
            due_on=clock.today(),
        )


def at_once(acts: list[Callable[[], object]]) -> list[BaseException | None]:
    """Run each act in a thread of its own, all let go at one moment; returns what each of them raised."""
    gate = threading.Barrier(len(acts))
    ended: list[BaseException | None] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(60)
            act()
        except BaseException as error:  # noqa: BLE001 the caller looks at each of them
            ended[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


@pytest.mark.django_db(transaction=True)
def test_64_signatures_at_once_never_overrun_one_envelope() -> None:
    unit = factories.make_unit("Northwind Group")
    author = factories.make_person("Lena Lead", Role.UNIT_LEAD, unit)
    cfo = factories.make_person("Carla Cfo", Role.CFO, unit)
    envelope = make_envelope(unit, EACH * FITS)
    rounds = [ready_to_sign(unit, number, author) for number in range(THREADS)]

    def signs(signing: SigningRound) -> Callable[[], object]:
        # Each thread brings its own user, as each request does.
        return lambda: services.sign(
            signing,
            vote="for",
            reason="Worth it",
            seen_hash=signing.content_hash,
            actor=User.objects.get(pk=cfo.pk),
        )

    ended = at_once([signs(signing) for signing in rounds])

    assert {type(error) for error in ended} == {type(None), EnvelopeExceeded}
    balance = EnvelopeBalance.objects.get(envelope=envelope)
    committed = sum((row.amount for row in Commitment.objects.filter(envelope=envelope)), Decimal(0))
    over = max(committed - balance.appropriated, Decimal(0))
    assert over == Decimal("0.00")
    assert committed == balance.committed == EACH * FITS
    assert ended.count(None) == FITS == Decision.objects.count() == Signature.objects.count()
    assert Initiative.objects.filter(stage="scaling").count() == FITS
    assert LedgerEntry.objects.filter(act="decision.signed").count() == FITS
    assert LedgerHead.objects.get().seq == LedgerEntry.objects.count()
    assert balances.rebuild_balance(envelope) == {}


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_the_envelope_is_overrun() -> None:
    """The control: the check stands outside the transaction, nothing is locked, no CHECK stands behind."""
    unit = factories.make_unit("Northwind Group")
    envelope = make_envelope(unit, EACH * FITS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE unguarded AS SELECT * FROM governance_envelopebalance")
        cursor.execute("CREATE TABLE unguarded_commitment (amount bigint)")
    checked = threading.Barrier(THREADS)

    def commit_unguarded() -> None:
        balance = EnvelopeBalance.objects.raw(
            "SELECT * FROM unguarded WHERE envelope_id = %s", [envelope.pk]
        )[0]
        has_room = balance.room >= EACH
        checked.wait(60)
        if not has_room:
            raise EnvelopeExceeded("No room.")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO unguarded_commitment VALUES (%s)", [int(EACH * 10_000)])
            cursor.execute("UPDATE unguarded SET committed = committed + %s", [int(EACH * 10_000)])

    try:
        ended = at_once([commit_unguarded] * THREADS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(amount) FROM unguarded_commitment")
            committed = Decimal(cursor.fetchone()[0]) / 10_000
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE unguarded")
            cursor.execute("DROP TABLE unguarded_commitment")
    assert ended.count(None) == THREADS
    assert committed - EACH * FITS == EACH * (THREADS - FITS)


@pytest.mark.django_db(transaction=True)
def test_64_releases_at_once_of_one_tranche_release_it_once() -> None:
    unit = factories.make_unit("Northwind Group")
    author = factories.make_person("Lena Lead", Role.UNIT_LEAD, unit)
    cfo = factories.make_person("Carla Cfo", Role.CFO, unit)
    envelope = make_envelope(unit, EACH)
    signing = ready_to_sign(unit, 1, author)
    services.sign(signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=cfo)
    tranche = Decision.objects.get().tranches.get()

    def release() -> None:
        fresh = type(tranche).objects.select_related("initiative__unit", "decision").get(pk=tranche.pk)
        services.release_tranche(fresh, actor=User.objects.get(pk=cfo.pk))

    ended = at_once([release] * THREADS)
    assert ended.count(None) == 1
    assert EnvelopeBalance.objects.get(envelope=envelope).released == EACH


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_what_code_forgets() -> None:
    unit = factories.make_unit("Northwind Group")
    envelope = make_envelope(unit, EACH)
    for column, value in (("committed", EACH + 1), ("released", EACH), ("appropriated", Decimal(-1))):
        with pytest.raises(Exception, match=r"committed_stays_within|released_stays_within"):
            EnvelopeBalance.objects.filter(envelope=envelope).update(**{column: value})
