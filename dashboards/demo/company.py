"""The made-up company: its units, its people and who may do what there."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import F

from accounts.models import Notification, Role, Unit, User
from accounts.services import (
    add_service_account,
    add_unit,
    confirm_grant,
    create_first_administrator,
    grant_role,
    invite_user,
)
from ledger.services import record

COMPANY = "Merrowdale Logistics Group"
ADDRESS = "merrowdale.example"

UNITS = {
    "sd": "IT Service Desk",
    "co": "Cloud Operations",
    "se": "Security",
    "en": "Engineering",
    "fi": "Finance Operations",
    "pe": "People",
    "le": "Legal",
    "sc": "Supply Chain",
    "cs": "Customer Service",
    "ms": "Marketing and Sales",
}
DIVISIONS = {
    "Technology": ("sd", "co", "se", "en"),
    "Corporate Services": ("fi", "pe", "le"),
    "Operations and Customers": ("sc", "cs", "ms"),
}
DOMAINS = {
    "sd": "it_service",
    "co": "cloud",
    "se": "security",
    "en": "engineering",
    "fi": "finance",
    "pe": "people",
    "le": "legal",
    "sc": "supply_chain",
    "cs": "customer_service",
    "ms": "marketing",
}

# Name and, for the accounts that people try, the first part of the address.
LEADS = {
    "sd": ("Amara Okonjo", "unit.lead"),
    "co": ("Jonas Lindqvist", ""),
    "se": ("Priya Raman", ""),
    "en": ("Tomasz Wieczorek", ""),
    "fi": ("Beatriz Quintela", ""),
    "pe": ("Nadia Haddad", ""),
    "le": ("Gareth Pryce", ""),
    "sc": ("Mei-Ling Tan", ""),
    "cs": ("Kwame Boateng", ""),
    "ms": ("Ilse Vandenberg", ""),
}
CONTRIBUTORS = {
    "sd": ("Rosa Delgado", "contributor"),
    "co": ("Henrik Aalto", ""),
    "se": ("Yusuf Demir", ""),
    "en": ("Aoife Brennan", ""),
    "fi": ("Marek Novotny", ""),
    "pe": ("Leilani Kahale", ""),
    "le": ("Chiara Bellandi", ""),
    "sc": ("Sanjay Mehrotra", ""),
    "cs": ("Fatou Ndiaye", ""),
    "ms": ("Lukas Brandl", ""),
}
OWNERS = {
    "sd": (("Daniel Achterberg", "owner"), ("Hye-jin Seo", "")),
    "co": (("Viktor Halasz", ""), ("Ngozi Eze", "")),
    "se": (("Carmen Iglesias", ""), ("Oskar Thorsen", "")),
    "en": (("Ravi Subramanian", ""), ("Elin Marklund", "")),
    "fi": (("Patrick Oyelaran", ""), ("Sofia Karlberg", "")),
    "pe": (("Tevita Faleolo", ""), ("Anneke de Wilde", "")),
    "le": (("Miriam Rosenthal", ""), ("Diego Salvatierra", "")),
    "sc": (("Bongani Dlamini", ""), ("Katarzyna Zielonka", "")),
    "cs": (("Maeve Gallagher", ""), ("Arjun Pillai", "")),
    "ms": (("Noor van Dijk", ""), ("Emeka Obi", "")),
}
BENEFIT_OWNERS = {
    "sd": "Ingrid Solheim",
    "co": "Samuel Adeyemi",
    "se": "Laila Mansour",
    "en": "Piotr Gajewski",
    "fi": "Hannah Feldkamp",
    "pe": "Joaquim Tavares",
    "le": "Sunniva Berg",
    "sc": "Ibrahim Kone",
    "cs": "Teresa Villanueva",
    "ms": "Giorgos Pappas",
}
SPONSORS = {
    "Technology": (("Malcolm Reyes", "sponsor"), ("Astrid Nyberg", "")),
    "Corporate Services": (("Chidinma Nwosu", ""), ("Frederik Holm", "")),
    "Operations and Customers": (("Yara Haddix", ""), ("Benedikt Auer", "")),
}
HEADS = {
    "Technology": ("Soledad Marchetti", "unit.head"),
    "Corporate Services": ("William Asante", ""),
    "Operations and Customers": ("Hiroko Tanabe", ""),
}
# At home in units of all divisions, so that every case finds three of other units.
ASSESSORS = (
    ("sc", "Marta Kowal", "assessor"),
    ("fi", "Olufemi Bankole", "assessor2"),
    ("en", "Grete Sandvik", ""),
    ("cs", "Rafael Monteiro", ""),
    ("pe", "Zainab Siddiqui", ""),
    ("co", "Colin Ferreira", ""),
)
OFFICE = (("Helena Vos", "office"), ("Mateus Carvalho", "office2"))
RISK = (("Isaac Mbeki", "risk"), ("Johanna Krull", "risk2"))
FINANCE = (("Femke Bos", "finance"), ("Andrej Kovac", "finance2"))
BOARD = (
    ("Eleanor Whitcombe", "board"),
    ("Takeshi Morimoto", "board2"),
    ("Adaeze Umeh", "board3"),
    ("Lars Westergaard", "board4"),
    ("Valentina Rossetti", "board5"),
)
CFO = ("Margarethe Dahl", "cfo")
CEO = ("Cornelius Abara", "ceo")
AUDITOR = ("Agnes Lindholm", "auditor")
ADMINISTRATOR = ("Pavel Horak", "admin")
INTEGRATOR = ("ERP interface", "integrator")


@dataclass
class Cast:
    """Who is who; units and their people by the unit's two letters, heads and sponsors by division."""

    root: Unit
    administrator: User
    units: dict[str, Unit] = field(default_factory=dict)
    divisions: dict[str, Unit] = field(default_factory=dict)
    division_of: dict[str, str] = field(default_factory=dict)
    leads: dict[str, User] = field(default_factory=dict)
    contributors: dict[str, User] = field(default_factory=dict)
    owners: dict[str, list[User]] = field(default_factory=dict)
    benefit_owners: dict[str, User] = field(default_factory=dict)
    sponsors: dict[str, list[User]] = field(default_factory=dict)
    heads: dict[str, User] = field(default_factory=dict)
    assessors: list[tuple[str, User]] = field(default_factory=list)
    office: list[User] = field(default_factory=list)
    risk: list[User] = field(default_factory=list)
    finance: list[User] = field(default_factory=list)
    board: list[User] = field(default_factory=list)
    cfo: User = field(init=False)
    ceo: User = field(init=False)
    auditor: User = field(init=False)
    integrator: User = field(init=False)


def begin(*, seed: int, day: str) -> None:
    """The ledger's first entry: what follows is made up, and its clock was set by the demo."""
    with record("demo.seeded", actor=None, reason="Everything in this ledger is made up.") as act:
        act.note(
            seed=seed,
            told_on=day,
            company=COMPANY,
            clock="set by the demo from here to the day it was told on",
        )


def found() -> Cast:
    """The company with its units, people and confirmed roles, each by the service that the product uses."""
    name, local = ADMINISTRATOR
    administrator, _ = create_first_administrator(
        email=_address(name, local), name=name, organisation=COMPANY
    )
    root = Unit.objects.get(parent=None)
    cast = Cast(root=root, administrator=administrator)
    for division, codes in DIVISIONS.items():
        cast.divisions[division] = add_unit(name=division, parent=root, actor=administrator)
        for code in codes:
            cast.division_of[code] = division
            cast.units[code] = add_unit(
                name=UNITS[code],
                parent=cast.divisions[division],
                external_id=f"ORG-{code.upper()}",
                actor=administrator,
            )
    _people(cast)
    _roles(cast)
    return cast


def _address(name: str, local: str) -> str:
    return f"{local or name.lower().replace(' ', '.')}@{ADDRESS}"


def _people(cast: Cast) -> None:
    def person(entry: tuple[str, str], home: Unit) -> User:
        name, local = entry
        return invite_user(email=_address(name, local), name=name, home_unit=home, actor=cast.administrator)

    for code, unit in cast.units.items():
        cast.leads[code] = person(LEADS[code], unit)
        cast.contributors[code] = person(CONTRIBUTORS[code], unit)
        cast.owners[code] = [person(entry, unit) for entry in OWNERS[code]]
        cast.benefit_owners[code] = person((BENEFIT_OWNERS[code], ""), unit)
    for division, unit in cast.divisions.items():
        cast.sponsors[division] = [person(entry, unit) for entry in SPONSORS[division]]
        cast.heads[division] = person(HEADS[division], unit)
    cast.assessors = [(code, person((name, local), cast.units[code])) for code, name, local in ASSESSORS]
    cast.office = [person(entry, cast.root) for entry in OFFICE]
    cast.risk = [person(entry, cast.root) for entry in RISK]
    cast.finance = [person(entry, cast.units["fi"]) for entry in FINANCE]
    cast.board = [person(entry, cast.root) for entry in BOARD]
    cast.cfo, cast.ceo = person(CFO, cast.root), person(CEO, cast.root)
    cast.auditor = person(AUDITOR, cast.root)
    cast.integrator = add_service_account(
        name=INTEGRATOR[0],
        home_unit=cast.units["fi"],
        answers_for_it=cast.owners["fi"][0],
        actor=cast.administrator,
    )
    # It signs in nowhere; the address only says which account it is.
    User.objects.filter(pk=cast.integrator.pk).update(email=_address(*INTEGRATOR))


def _roles(cast: Cast) -> None:
    """Grants by the administrator, each confirmed by a second person."""
    risk = cast.risk[0]
    wanted: list[tuple[User, Role, Unit]] = [
        (risk, Role.RISK_OFFICER, cast.root),
        (cast.ceo, Role.CEO, cast.root),
        *((user, Role.RISK_OFFICER, cast.root) for user in cast.risk[1:]),
        *((user, Role.PORTFOLIO_OFFICE, cast.root) for user in cast.office),
        *((user, Role.FINANCE, cast.root) for user in cast.finance),
        *((user, Role.BOARD_MEMBER, cast.root) for user in cast.board),
        *((user, Role.ASSESSOR, cast.root) for _, user in cast.assessors),
        *((user, Role.UNIT_HEAD, cast.divisions[division]) for division, user in cast.heads.items()),
        *((user, Role.UNIT_LEAD, cast.units[code]) for code, user in cast.leads.items()),
        *((user, Role.CONTRIBUTOR, cast.units[code]) for code, user in cast.contributors.items()),
        (cast.cfo, Role.CFO, cast.root),
        (cast.auditor, Role.AUDITOR, cast.root),
        (cast.integrator, Role.INTEGRATOR, cast.root),
    ]
    grants = [grant_role(user, role=role, unit=unit, actor=cast.administrator) for user, role, unit in wanted]
    own, of_the_ceo, *others = grants
    # The first risk officer confirms the CEO, who confirms the risk officer, who confirms all others.
    confirm_grant(of_the_ceo, actor=risk)
    confirm_grant(own, actor=cast.ceo)
    _forget_grants(risk)
    for grant in (cast.administrator.grants.get(), *others):
        confirm_grant(grant, actor=risk)
    _forget_grants(cast.administrator, cast.ceo, *(user for user, _, _ in wanted))


def _forget_grants(*users: User) -> None:
    """A user remembers grants for the length of a request; the next act is another one."""
    for user in users:
        user.__dict__.pop("_active_grants", None)


def let_in() -> None:
    """Give every person the demo's one password; one hash for all, because a good hash takes its time."""
    people = User.objects.filter(is_service_account=False)
    people.update(password=make_password(settings.DEMO_PASSWORD))


def deliver_messages(*, unread_since: datetime) -> None:
    """All messages count as sent, and the older ones as read: no address of the demo exists."""
    sent = Notification.State.SENT
    Notification.objects.filter(created_at__lt=unread_since).update(read_at=F("created_at"))
    Notification.objects.update(state=sent, sent_at=F("created_at"))
