"""The product's reading of the table against the second one: every action, role, place and stage."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from accounts import policy
from accounts.models import ApiToken, Role, RoleGrant, Scope, Unit, User
from ledger import clock
from ledger.services import record
from tests import factories
from tests.policy.second_reader import FILE, Answer, Held, Person, Row, Table, Thing, answer, read

STATES = [
    "draft",
    "submitted",
    "assessment",
    "decision",
    "pilot",
    "scaling",
    "operating",
    "retired",
    "closed",
]
PARTS = ["owner", "sponsor", "benefit_owner", "submitter", "assessor"]


@dataclass(frozen=True)
class Subject:
    """An initiative as far as the table asks: a unit, a stage, the parts of people."""

    unit: Unit
    policy_state: str
    holder: int
    parts: frozenset[str]

    def parts_of(self, user: User) -> frozenset[str]:
        """The parts of the one person who has any."""
        return self.parts if user.pk == self.holder else frozenset()


def place(unit: Unit) -> tuple[int, ...]:
    """The chain of units from the root down."""
    return tuple(int(step) for step in unit.path.strip("/").split("/"))


@dataclass(frozen=True)
class Member:
    """One of the cast, as the product and as the second reader know them."""

    words: str
    user: User
    person: Person


@pytest.fixture
def cast(unit: Unit, group: Unit, outsider: User) -> list[Member]:
    """Everybody with one role for `unit`, the same for the whole group, unconfirmed, ended, and not begun."""
    members = [Member("nobody", outsider, Person(outsider.pk))]
    for role in Role.values:
        service = role == Role.INTEGRATOR
        values: dict[str, Any] = {
            "is_service_account": service,
            "answers_for_it": outsider if service else None,
        }
        for where in (unit, group):
            user = factories.make_user(f"{role} of {where}", home_unit=where, **values)
            factories.grant(user, role, where)
            held = (Held(role, place(where)),)
            members.append(Member(f"{role} of {where}", user, Person(user.pk, held, is_program=service)))
        waiting = factories.make_user(f"{role} unconfirmed", home_unit=unit, **values)
        factories.grant(waiting, role, unit, confirmed=False)
        held = (Held(role, place(unit), confirmed=False),)
        members.append(Member(f"{role} unconfirmed", waiting, Person(waiting.pk, held, is_program=service)))
    ended = factories.make_user("Ended Cfo", home_unit=unit)
    later = factories.make_user("Later Cfo", home_unit=unit)
    gone = factories.make_person("Gone Cfo", Role.CFO, unit)
    with record("role.granted", actor=None) as act:
        day = clock.today()
        act.add(
            RoleGrant,
            user=ended,
            role="cfo",
            unit=unit,
            valid_from=day - timedelta(9),
            valid_to=day - timedelta(1),
        )
        act.add(RoleGrant, user=later, role="cfo", unit=unit, valid_from=day + timedelta(1))
    User.objects.filter(pk=gone.pk).update(is_active=False)
    members += [Member(user.name, user, Person(user.pk)) for user in (ended, later)]
    # Somebody who is disabled may do nothing at all, not even what a part alone allows.
    members.append(Member("Gone", User.objects.get(pk=gone.pk), Person(-1)))
    for member in members:
        # Read the grants once: a user object lasts as long as a request.
        policy.grants_of(member.user)
    return members


def verdict_of(member: Member, action: str, subject: Subject | None) -> Answer:
    """What the product says."""
    verdict = policy.may(member.user, action, subject)
    if verdict:
        return Answer.YES
    return Answer.NOT_NOW if verdict.is_about_state else Answer.NO


def cells(members: list[Member], units: list[Unit]) -> Iterator[tuple[Member, Subject | None, Thing | None]]:
    """Every member with no subject, in every unit and stage, and with every part in the last unit."""
    for member in members:
        yield member, None, None
        for where in units:
            # A part counts where the role alone does not reach; there it must be seen.
            for part in [None, *PARTS] if where == units[-1] else [None]:
                parts = frozenset({part} if part else set())
                for state in STATES:
                    subject = Subject(where, state, member.user.pk, parts)
                    yield member, subject, Thing(place(where), state, {member.person.number: parts})


def differences(
    table: Table, actions: list[str], members: list[Member], units: list[Unit], *, stop_at: int = 20
) -> list[str]:
    """Where the two readings part."""
    found: list[str] = []
    for member, subject, thing in cells(members, units):
        if member.words == "Gone":
            continue
        for action in actions:
            says = verdict_of(member, action, subject)
            expected = answer(table, action, member.person, thing)
            if says != expected:
                where = (
                    f"{subject.unit} {subject.policy_state} {set(subject.parts)}" if subject else "anywhere"
                )
                found.append(f"{member.words}, {action}, {where}: product {says}, second reader {expected}")
                if len(found) >= stop_at:
                    return found
    return found


@pytest.mark.once
def test_both_readings_agree_on_every_cell(
    cast: list[Member], unit: Unit, sub_unit: Unit, other_unit: Unit, group: Unit
) -> None:
    table = read()
    assert list(table) == list(policy.table())
    units = [group, unit, sub_unit, other_unit]
    assert differences(table, list(table), cast, units) == []
    asked = sum(1 for _ in cells(cast, units)) * len(table)
    assert asked > 200_000


def test_a_disabled_person_may_do_nothing(cast: list[Member], unit: Unit) -> None:
    gone = next(member for member in cast if member.words == "Gone")
    subject = Subject(unit, "draft", gone.user.pk, frozenset(PARTS))
    assert [action for action in policy.table() if policy.may(gone.user, action, subject)] == []


def flips(table: Table) -> Iterator[tuple[str, Row]]:
    """Each row with one cell changed: a role more or less, another reach, a stage more or less, decides."""
    for action, row in table.items():
        for role in row["roles"]:
            fewer = copy.deepcopy(row)
            del fewer["roles"][role]
            yield action, fewer
        missing = [role for role in Role.values if not {role, "everyone"} & set(row["roles"])]
        for role in missing[:2]:
            more = copy.deepcopy(row)
            more["roles"][role] = "unit"
            yield action, more
        # Without a subject a stage says nothing, so a flip of stages shows where there is one.
        stages = STATES if row["stages"] == "*" else row["stages"]
        yield action, row | {"stages": stages[1:]}
        yield action, row | {"decides": not row["decides"]}


@pytest.mark.once
def test_one_flipped_cell_is_seen(cast: list[Member], unit: Unit, sub_unit: Unit, other_unit: Unit) -> None:
    """The control of the test above: whichever cell of the table one changes, the readings part."""
    table, units = read(), [unit, sub_unit, other_unit]
    unseen = []
    tried = 0
    for action, row in flips(table):
        if row["decides"] != table[action]["decides"] and not set(row["roles"]) & set(Role.values):
            # Nobody is granted such an action, so no grant can be unconfirmed.
            continue
        tried += 1
        if not differences(table | {action: row}, [action], cast, units, stop_at=1):
            unseen.append((action, row))
    assert unseen == []
    assert tried > 400


@pytest.mark.parametrize("scopes", [[], *([scope] for scope in Scope.values), list(Scope.values)])
def test_both_readings_agree_on_tokens(
    integrator: User, unit: Unit, sub_unit: Unit, other_unit: Unit, scopes: list[str]
) -> None:
    table = read()
    user = User.objects.get(pk=integrator.pk)
    user.token = ApiToken(user=user, scopes=scopes)
    person = Person(user.pk, (Held("integrator", place(unit)),), is_program=True, token=frozenset(scopes))
    member = Member("token", user, person)
    assert differences(table, list(table), [member], [unit, sub_unit, other_unit]) == []
    wide = replace(person, token=frozenset({*Scope.values, "anything"}))
    assert any(
        answer(table, action, wide) != answer(table, action, replace(person, token=frozenset()))
        for action in table
    )


# The file itself -----------------------------------------------------------------------------


COLUMNS = {
    "action",
    "title",
    "roles",
    "stages",
    "conditions",
    "channels",
    "token_scope",
    "step_up",
    "decides",
}


def test_the_file_is_whole() -> None:
    data = json.loads(FILE.read_text())
    actions = [row["action"] for row in data["actions"]]
    assert len(actions) == len(set(actions))
    used = {name for row in data["actions"] for name in row["conditions"]}
    assert used == set(data["conditions"])
    for row in data["actions"]:
        assert set(row) - {"as_of"} == COLUMNS, row["action"]
        assert row.get("as_of", True) is True, row["action"]
        assert row["roles"], row["action"]
        assert set(row["roles"]) <= {*Role.values, *PARTS, "everyone"}, row["action"]
        assert set(row["roles"].values()) <= {"unit", "part", "any"}, row["action"]
        assert row["stages"] == "*" or set(row["stages"]) <= set(STATES), row["action"]
        assert set(row["channels"]) <= {"page", "api"}, row["action"]
        assert row["token_scope"] is None or row["token_scope"] in Scope.values, row["action"]


# What product.md says of the roles, line by line.


def rows_of(role: str) -> set[str]:
    """The actions that name a role."""
    return {action for action, row in read().items() if {role, "everyone"} & set(row["roles"])}


READING = {
    "round.view",
    "controls.view",
    "incident.view",
    "portal.use",
    "initiative.list",
    "initiative.view",
    "import.view",
    "dashboard.executive",
    "dashboard.finance",
    "report.export",
    "figures.read",
    "envelope.view",
    "model.view",
    "calibration.view",
    "model.review",
    "agreement.view",
    "gates.view",
    "ledger.view",
    "ledger.verify",
    "policy.view",
    "duties.view",
    "attempts.view",
    "audit.export",
    "deputy.view",
    "glass.view",
    "review.view",
    "people.view",
    "api.describe",
    "score.try",
}


def test_an_auditor_reads_and_never_writes() -> None:
    assert rows_of("auditor") == READING


def test_an_administrator_has_no_business_rights() -> None:
    allowed = {
        "portal.use",
        "initiative.list",
        "model.view",
        "gates.view",
        "policy.view",
        "duties.view",
        "deputy.view",
        "glass.view",
        "review.view",
        "people.view",
        "api.describe",
        "score.try",
    }
    people = {
        "unit.add",
        "unit.move",
        "user.invite",
        "user.disable",
        "role.grant",
        "role.revoke",
        "token.create",
        "token.revoke",
        "deputy.end",
        "glass.ask",
        "review.open",
        "review.answer",
        "glass.grant",
    }
    assert rows_of("administrator") == allowed | people


def test_the_portfolio_office_decides_nothing() -> None:
    table = read()
    assert [action for action in rows_of("portfolio_office") if table[action]["decides"]] == []


def test_the_integrator_does_what_its_scopes_say_and_nothing_else() -> None:
    table = read()
    for action in {a for a, row in table.items() if "integrator" in row["roles"]} - {"api.describe"}:
        assert table[action]["token_scope"] in Scope.values, action
        assert not table[action]["decides"], action
    for action, row in table.items():
        assert not (row["decides"] and row["token_scope"]), action


def test_cfo_and_ceo_see_everything_of_the_portfolio() -> None:
    for role in ("cfo", "ceo"):
        assert READING - {"people.view", "ledger.verify", "attempts.view"} <= rows_of(role)


def test_only_the_ceo_stops_and_only_the_cfo_sets_outcomes() -> None:
    table = read()
    assert table["initiative.stop"]["roles"] == {"ceo": "unit"}
    assert table["outcome.set"]["roles"] == {"cfo": "unit"}


def test_whoever_decides_confirms_who_they_are() -> None:
    """Decisions, releases, attestations and changes of authority ask for a fresh step-up."""
    table = read()
    assert [action for action, row in table.items() if row["decides"] and not row["step_up"]] == []
    assert table["role.confirm"]["step_up"]


def test_the_sponsor_and_the_owner_never_decide() -> None:
    table = read()
    for part in ("sponsor", "owner", "submitter"):
        assert [action for action in rows_of(part) if table[action]["decides"]] == []
