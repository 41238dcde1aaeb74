"""The chain by itself: nothing here needs a database."""

import random
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import chain
from ledger.chain import Link

pytestmark = pytest.mark.once

TAMPERINGS = 1000


def chained(length: int, seed: int = 7) -> list[Link]:
    """A ledger of made-up acts that holds."""
    draw = random.Random(seed)
    links: list[Link] = []
    previous = chain.GENESIS
    at = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    for seq in range(1, length + 1):
        at += timedelta(seconds=draw.randrange(1, 90_000), microseconds=draw.randrange(1_000_000))
        link = Link(
            seq=seq,
            transaction=str(UUID(int=draw.getrandbits(128))),
            at=at,
            actor_id=draw.choice([None, draw.randrange(1, 50)]),
            on_behalf_of_id=draw.choice([None, None, draw.randrange(1, 50)]),
            act=draw.choice(["initiative.submitted", "scorecard.completed", "decision.signed"]),
            object_type=draw.choice(["portfolio.Initiative", "governance.SigningRound", ""]),
            object_id=draw.choice(["", str(draw.randrange(1, 9_000))]),
            body=chain.canonical({"reason": "because — " + str(seq), "facts": 0, "amount": Decimal(seq)}),
            previous_hash=previous,
            hash="",
        )
        links.append(link._replace(hash=chain.hash_of(link)))
        previous = links[-1].hash
    return links


def _flip_a_text(draw: random.Random, text: str) -> str:
    if not text:
        return draw.choice(string.printable)
    data = bytearray(text.encode())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return data.decode("utf-8", "surrogateescape")


def flip(draw: random.Random, links: list[Link]) -> list[Link]:
    """Change one bit of one column of one row."""
    index, column = draw.randrange(len(links)), draw.choice(Link._fields)
    value = getattr(links[index], column)
    changed: object
    match value:
        case datetime():
            changed = value + timedelta(microseconds=1 << draw.randrange(40)) * draw.choice([1, -1])
        case int():
            changed = value ^ (1 << draw.randrange(20))
        case None:
            changed = draw.randrange(1000)
        case _:
            changed = _flip_a_text(draw, value)
    return [*links[:index], Link(**links[index]._asdict() | {column: changed}), *links[index + 1 :]]


def delete(draw: random.Random, links: list[Link]) -> list[Link]:
    """Take out some rows that follow one another."""
    start = draw.randrange(len(links))
    return links[:start] + links[start + draw.randrange(1, 4) :]


def swap(draw: random.Random, links: list[Link]) -> list[Link]:
    """Change two rows for one another, as they are or with their numbers put right."""
    first, second = sorted(draw.sample(range(len(links)), 2))
    one, two = links[first], links[second]
    if draw.random() < 0.5:
        one, two = one._replace(seq=two.seq), two._replace(seq=one.seq)
    changed = list(links)
    changed[first], changed[second] = two, one
    return changed


def insert(draw: random.Random, links: list[Link]) -> list[Link]:
    """Add a row that carries a right hash of its own, between two rows or at the end."""
    index = draw.randrange(len(links) + 1)
    previous = links[index - 1].hash if index else chain.GENESIS
    forged = draw.choice(links)._replace(
        seq=index + 1, previous_hash=previous, body=chain.canonical({"reason": "forged"})
    )
    forged = forged._replace(hash=chain.hash_of(forged))
    later = (
        [link._replace(seq=link.seq + 1) for link in links[index:]] if draw.random() < 0.5 else links[index:]
    )
    return [*links[:index], forged, *later]


def cut(draw: random.Random, links: list[Link]) -> list[Link]:
    """Take rows off the end."""
    return links[: -draw.randrange(1, len(links) + 1)]


def rewrite(draw: random.Random, links: list[Link]) -> list[Link]:
    """Change one row and hash everything after it again, as somebody would who knows how."""
    index = draw.randrange(len(links))
    previous = links[index - 1].hash if index else chain.GENESIS
    changed = links[:index]
    for position, link in enumerate(links[index:]):
        body = chain.canonical({"reason": "rewritten"}) if position == 0 else link.body
        again = link._replace(body=body, previous_hash=previous)
        changed.append(again._replace(hash=chain.hash_of(again)))
        previous = changed[-1].hash
    return changed


WAYS: list[Callable[[random.Random, list[Link]], list[Link]]] = [
    flip,
    flip,
    flip,
    delete,
    swap,
    insert,
    cut,
    rewrite,
]


def test_an_untouched_chain_has_no_fault() -> None:
    links = chained(200)
    assert list(chain.faults(links, 200, links[-1].hash)) == []
    assert list(chain.faults([], 0, chain.GENESIS)) == []


def test_a_thousand_random_tamperings_are_all_found() -> None:
    links = chained(120)
    head = links[-1].hash
    draw = random.Random(20261121)
    missed, tried = [], 0
    while tried < TAMPERINGS:
        way = draw.choice(WAYS)
        tampered = way(draw, links)
        if tampered == links:
            continue
        tried += 1
        if not list(chain.faults(tampered, len(links), head)):
            missed.append((way.__name__, tried))
    assert missed == []


def test_a_verifier_that_does_not_look_at_the_head_misses_a_cut_tail() -> None:
    """The control: the head is what finds it."""
    links = chained(20)
    short = links[:15]
    assert list(chain.faults(short, 15, short[-1].hash)) == []
    assert list(chain.faults(short, 20, links[-1].hash)) != []


def test_every_column_is_part_of_the_hash() -> None:
    links = chained(3)
    draw = random.Random(1)
    for column in Link._fields:
        if column == "hash":
            continue
        other = next(
            changed[1]
            for changed in iter(lambda: flip(draw, links), None)
            if getattr(changed[1], column) != getattr(links[1], column)
        )
        assert chain.hash_of(other) != links[1].hash, column


@pytest.mark.parametrize("value", [1.5, float("nan"), Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_has_no_one_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        chain.canonical({"value": value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1200.5000"), '"1200.5"'),
        (Decimal("-0.00"), '"0"'),
        (Decimal("1E+3"), '"1000"'),
        (Decimal("12345678901234567890123456789012.1234"), '"12345678901234567890123456789012.1234"'),
        (2**53 - 1, "9007199254740991"),
        (2**53, '"9007199254740992"'),
        (True, "true"),
        ({"b": 1, "a": [None, "é"]}, '{"a":[null,"é"],"b":1}'),
        (
            datetime(2026, 1, 1, 2, 0, tzinfo=timezone(timedelta(hours=2))),
            '"2026-01-01T00:00:00.000000+00:00"',
        ),
    ],
)
def test_one_value_has_one_text(value: object, text: str) -> None:
    assert chain.canonical(value) == text


@given(st.lists(st.text(max_size=20), max_size=8), st.randoms())
def test_the_digest_of_rows_does_not_depend_on_their_order(rows: list[str], draw: random.Random) -> None:
    shuffled = list(rows)
    draw.shuffle(shuffled)
    assert chain.digest_of_rows(shuffled) == chain.digest_of_rows(rows)
    assert chain.digest_of_rows([*rows, "one more"]) != chain.digest_of_rows(rows)
