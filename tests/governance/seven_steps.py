"""An authority of seven bodies, made by the acts that the product uses."""

from datetime import timedelta
from decimal import Decimal

from accounts.models import Role, Unit, User
from governance import authority_document, services
from governance.authority_document import Content
from governance.models import AuthorityVersion, Body
from ledger import clock
from portfolio.services import confirm_rates, propose_rates
from tests import factories

CURRENCY = "EUR"
RATES = {"EUR": "1.0837", "GBP": "1.2719", "CHF": "1.1203", "JPY": "0.00671", "KWD": "3.2554"}
LIMITS = tuple(Decimal(text) * 1_000_000 for text in ("2.5", "5", "8", "40", "80", "140"))
BODIES = (
    "Unit investment group",
    "Regional committee",
    "IT council",
    "Investment committee",
    "Executive committee",
    "Finance committee",
    "Supervisory board",
)
QUORUM = 2


class Keepers:
    """Who proposes and who confirms."""

    def __init__(self, group: Unit) -> None:
        self.group = group
        self.office = factories.make_person("Ofelia Keeper", Role.PORTFOLIO_OFFICE, group)
        self.risk = factories.make_person("Rita Keeper", Role.RISK_OFFICER, group)
        self.finance = factories.make_person("Fina Keeper", Role.FINANCE, group)
        self.cfo = factories.make_person("Carla Keeper", Role.CFO, group)
        self.ceo = factories.make_person("Cecil Keeper", Role.CEO, group)


def planning_rates(keepers: Keepers) -> None:
    """Rates of the year, confirmed."""
    rates = propose_rates(
        name="Plan", fiscal_year=clock.today().year, rates=RATES, source="ECB", actor=keepers.finance
    )
    confirm_rates(rates, actor=keepers.cfo)


def committee(name: str, keepers: Keepers, group: Unit, members: int = 3) -> tuple[Body, list[User]]:
    """A confirmed body with confirmed members, who hold the right to sign as members of a board."""
    body = services.propose_body(name=name, quorum=QUORUM, actor=keepers.office)
    services.confirm_body(body, actor=keepers.risk)
    people = []
    for number in range(1, members + 1):
        person = factories.make_person(f"{name} {number}", Role.BOARD_MEMBER, group)
        member = services.propose_member(body, user=person, actor=keepers.office)
        services.confirm_member(member, actor=keepers.risk)
        people.append(person)
    return body, people


def adopted(content: Content, keepers: Keepers) -> AuthorityVersion:
    """Drafted, proposed, approved by two."""
    draft = services.start_authority_draft(actor=keepers.office)
    draft = services.save_authority_draft(content=content, version=draft.version, actor=keepers.office)
    version = services.propose_authority(
        version=draft.version, reason="Seven bodies decide", actor=keepers.office
    )
    for person in (keepers.cfo, keepers.ceo):
        services.approve_authority(version, vote="for", seen_hash=version.content_hash, actor=person)
    return version


def seven_steps(bodies: list[Body], *, days: int = 0) -> Content:
    """Six limits and a seventh body above them."""
    limits = [*(str(limit) for limit in LIMITS), ""]
    return {
        "name": "Seven bodies",
        "valid_from": (clock.today() + timedelta(days=days)).isoformat(),
        "tiers_up": ["high"],
        "informed_body": "",
        "informed_over": "",
        "informed_currency": CURRENCY,
        "steps": [
            authority_document.empty_step(body.name, limit, [f"body:{body.pk}"], CURRENCY)
            for body, limit in zip(bodies, limits, strict=True)
        ],
    }
