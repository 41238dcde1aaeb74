"""A wider company than that of tests/test_random_history.py: a random tree, more people, more acts.

One more act is one more method, and its row in `acts`.
"""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from accounts.errors import DomainError
from accounts.models import Role, User
from governance import services
from governance.models import Envelope, SigningRound, Tranche
from portfolio.imports.postings import import_actuals
from tests import factories
from tests.test_random_history import Company

HEADER = "reference,cost_object,supplier,service_month,booked_month,kind,category,amount,currency,document\n"
# Who holds a role for the whole tree; several of those who decide, so that one may stand in for another.
ROLES = {
    "unit_lead": Role.UNIT_LEAD,
    "contributor": Role.CONTRIBUTOR,
    "unit_head": Role.UNIT_HEAD,
    "portfolio_office": Role.PORTFOLIO_OFFICE,
    "risk_officer": Role.RISK_OFFICER,
    "finance": Role.FINANCE,
    "finance_clerk": Role.FINANCE,
    "cfo": Role.CFO,
    "ceo": Role.CEO,
    "board_member": Role.BOARD_MEMBER,
    "second_board_member": Role.BOARD_MEMBER,
    "third_board_member": Role.BOARD_MEMBER,
    "assessor": Role.ASSESSOR,
    "second_assessor": Role.ASSESSOR,
}
PARTS = ("owner", "sponsor", "benefit_owner", "outsider")
STRANGERS = 0.15


class Tree(Company):
    """People who do things at random in the units of a tree."""

    def __init__(self, random: Random, parents: list[int]) -> None:
        """`parents` says for each further unit below which of the earlier ones it lies."""
        units = [factories.make_unit("Group")]
        for number, parent in enumerate(parents, start=1):
            units.append(factories.make_unit(f"Unit {number}", parent=units[parent % len(units)]))
        # Assessors are at home in a unit that nobody proposes for.
        home = factories.make_unit("Home of assessors", parent=units[0])
        people = {name: factories.make_user(name.replace("_", " "), home_unit=units[0]) for name in PARTS}
        for name, role in ROLES.items():
            lives = home if role == Role.ASSESSOR else units[0]
            people[name] = factories.make_person(name.replace("_", " "), role, units[0], home_unit=lives)
        for number, unit in enumerate(units[1:], start=1):
            people[f"lead_of_{number}"] = factories.make_person(f"lead of {number}", Role.UNIT_LEAD, unit)
            people[f"head_of_{number}"] = factories.make_person(f"head of {number}", Role.UNIT_HEAD, unit)
        super().__init__(random, people, units[-1])
        self.units = units[1:] or units

    def do(self, name: str) -> None:
        """The act of this name; what the rules refuse is counted."""
        self.unit = self.random.choice(self.units)
        try:
            self.acts()[name][0]()
        except (DomainError, LookupError):
            self.refused[name] += 1
        else:
            self.done[name] += 1

    def acts(self) -> dict[str, tuple[Callable[[], Any], int]]:
        """Every act with its weight."""
        return super().acts() | {
            "request": (self.request, 6),
            "reduce": (self.reduce, 4),
            "take back": (self.take_back, 2),
            "against": (self.against, 2),
            "import": (self.import_file, 6),
        }

    def who(self, role: str) -> User:
        """The holder of the role; now and then somebody else."""
        stranger = self.random.random() < STRANGERS
        user = self.people[self.random.choice(sorted(self.people)) if stranger else role]
        user.__dict__.pop("_active_grants", None)
        return user

    def request(self) -> None:
        tranche = self.random.choice(list(Tranche.objects.filter(release=None).order_by("pk")))
        services.request_tranche(tranche, evidence="Half of it is used", actor=self.who("unit_lead"))

    def reduce(self) -> None:
        envelope = self.random.choice(list(Envelope.objects.order_by("pk")))
        services.propose_envelope_change(
            envelope.unit,
            envelope.fiscal_year,
            kind="reduction",
            amount=Decimal(self.random.choice([10_000, 400_000])),
            reason="Less than planned",
            actor=self.who("finance"),
        )

    def take_back(self) -> None:
        signing = self.random.choice(list(SigningRound.objects.filter(ending=None).order_by("pk")))
        services.withdraw_signing(signing, reason="Too early", actor=self.who("portfolio_office"))

    def against(self) -> None:
        signing = self.random.choice(list(SigningRound.objects.filter(ending=None).order_by("pk")))
        services.sign(
            signing, vote="against", reason="Not now", seen_hash=signing.content_hash, actor=self.who("cfo")
        )

    def import_file(self) -> None:
        rows = [self.any("pilot", "scaling", "operating") for _ in range(3)]
        lines = [
            f"{row.reference},,,2026-0{self.random.randint(1, 9)},,cost,cloud,"
            f"{self.random.randint(1, 9999)}.50,USD,D-{self.random.randint(1, 999)}\n"
            for row in rows
        ]
        content = (HEADER + "".join(lines)).encode()
        import_actuals(content, file_name="actuals.csv", actor=self.who("finance_clerk"))
