"""Who may decide up to which amount."""

from decimal import Decimal

import pytest

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Role, User
from governance import authority, selectors
from governance.models import Decision, SigningRoundEnd
from ledger.services import record
from portfolio.models import Initiative, Link
from tests import factories
from tests.governance.conftest import Cast, appropriated, in_decision, in_pilot, opened, signed

CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("amount", "tier", "name"),
    [
        (Decimal(50_000) - CENT, "limited", "Unit head and finance"),
        (Decimal(50_000), "limited", "Unit head and finance"),
        (Decimal(50_000) + CENT, "limited", "Board"),
        (Decimal(250_000) - CENT, "limited", "Board"),
        (Decimal(250_000), "limited", "Board"),
        (Decimal(250_000) + CENT, "limited", "CFO"),
        (Decimal(1_000_000) - CENT, "", "CFO"),
        (Decimal(1_000_000), "", "CFO"),
        (Decimal(1_000_000) + CENT, "", "CFO and CEO"),
        (Decimal(50_000), "high", "Board"),
        (Decimal(50_000) + CENT, "high", "CFO"),
        (Decimal(1_000_000), "high", "CFO and CEO"),
        (Decimal(1_000_000) + CENT, "high", "CFO and CEO"),
    ],
)
@pytest.mark.django_db
def test_a_limit_includes_itself_and_a_high_tier_goes_one_step_up(
    amount: Decimal, tier: str, name: str
) -> None:
    assert authority.step_for(amount, tier).name == name


def link(one: Initiative, other: Initiative) -> None:
    """`one` is part of `other`."""
    with record("link.added", actor=None, about=one) as act:
        act.add(Link, initiative=one, other=other, kind=Link.Kind.PART_OF)


def test_what_was_granted_to_the_family_counts_in_both_directions(cast: Cast) -> None:
    granted = in_pilot(cast)
    parent, child = in_decision(cast, title="The whole"), in_decision(cast, title="Another part")
    link(granted, parent)
    link(child, parent)
    for initiative in (parent, child):
        case = initiative.current_case
        assert case is not None
        assert authority.tested_amount(initiative, case) == Decimal(340_000)
    assert authority.step_for(Decimal(340_000), "limited").name == "CFO"


def test_the_cfo_decides_what_the_board_could(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    initiative = in_decision(cast)
    factories.make_person("Bodo Board", Role.BOARD_MEMBER, cast.unit)
    signing = opened(cast, initiative, 100_000)
    assert authority.in_words(authority.open_places(signing, [])) in {"the CFO", "3 votes of the board"}
    signed(signing, cast.cfo)
    assert Decision.objects.get().initiative == initiative


def board(cast: Cast, number: int) -> list[User]:
    """Members of the board."""
    return [factories.make_person(f"Member {n} Board", Role.BOARD_MEMBER, cast.unit) for n in range(number)]


def test_the_board_decides_by_its_quorum_of_different_members(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    members = board(cast, 4)
    signing = opened(cast, in_decision(cast), 100_000)
    assert signing.step.name == "Board"
    signed(signing, *members[:2])
    with pytest.raises(InvalidMove, match="signed this already"):
        signed(signing, members[0])
    assert not Decision.objects.exists()
    signed(signing, members[2])
    assert Decision.objects.exists()


def test_above_the_cfo_the_round_waits_for_the_ceo(cast: Cast) -> None:
    appropriated(cast, 5_000_000)
    signing = opened(
        cast, in_decision(cast, cost=1_200_000, benefit=6_000_000), 600_000, first_tranche=Decimal(90_000)
    )
    assert signing.step.name == "CFO and CEO"
    signed(signing, cast.cfo)
    assert not Decision.objects.exists()
    assert selectors.open_signings_for(cast.ceo) == [signing]
    signed(signing, cast.ceo)
    assert Decision.objects.exists()


def test_a_high_tier_needs_the_risk_officer_too(cast: Cast) -> None:
    appropriated(cast, 5_000_000)
    initiative = in_decision(cast, tier="high")
    signing = opened(cast, initiative, 100_000)
    signed(signing, cast.cfo)
    assert not Decision.objects.exists()
    other = factories.make_person("Rolf Risk", Role.RISK_OFFICER, cast.unit)
    signed(signing, other)
    assert Decision.objects.exists()


def test_the_risk_officer_blocks_with_one_vote(cast: Cast) -> None:
    appropriated(cast, 5_000_000)
    initiative = in_decision(cast, tier="high")
    signing = opened(cast, initiative, 100_000)
    signed(signing, cast.risk_officer, vote="against")
    assert SigningRoundEnd.objects.get(signing=signing).kind == "refused"


def test_the_sponsoring_cfo_is_replaced_by_the_board(cast: Cast) -> None:
    appropriated(cast, 5_000_000)
    board(cast, 3)
    cast.sponsor = cast.cfo
    signing = opened(cast, in_decision(cast, cost=300_000), 100_000)
    assert signing.step.name == "Board in place of an excluded executive"
    with pytest.raises(NotAllowed, match="You sponsor this initiative"):
        signed(signing, cast.cfo)


def test_a_round_that_nobody_may_decide_is_not_opened(cast: Cast) -> None:
    appropriated(cast, 5_000_000)
    cast.sponsor = cast.cfo
    with pytest.raises(Refused, match="Nobody may decide"):
        opened(cast, in_decision(cast, cost=300_000), 100_000)
