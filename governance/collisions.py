"""Who holds what the rules of segregation keep apart, and in which initiatives that bites today."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import F, Max, OuterRef, Q, Subquery

from accounts import policy, segregation
from accounts.models import Role, RoleGrant, User
from accounts.permissions import clashes
from accounts.segregation import SegregationRule
from governance.models import GatePassage
from portfolio.models import (
    Appointment,
    BenefitClaim,
    BusinessCase,
    CaseEditor,
    Initiative,
    Measurement,
    Part,
    Posting,
)

SHOWN = 6


@dataclass
class Collision:
    """One person, a role, and what a rule holds against it."""

    person: User
    role: str
    tie: str
    titles: list[str]
    always: bool
    initiatives: list[Initiative] = field(default_factory=list)

    @property
    def shown(self) -> list[Initiative]:
        """The first of them."""
        return self.initiatives[:SHOWN]

    @property
    def more(self) -> int:
        """How many are not shown."""
        return max(0, len(self.initiatives) - SHOWN)


def collisions() -> list[Collision]:
    """Every collision of a confirmed role with a tie to a running initiative, and of roles with one another.

    The number of queries is the same for any number of people and initiatives.
    """
    grants: dict[int, list[RoleGrant]] = defaultdict(list)
    for grant in RoleGrant.objects.active().confirmed().select_related("user__answers_for_it", "unit"):
        grants[grant.user_id].append(grant)
    found: dict[tuple[int, str, str], Collision] = {}
    running = Initiative.objects.filter(closed_kind="").exclude(stage="draft").select_related("unit")
    initiatives = {initiative.pk: initiative for initiative in running}
    rules = _rules_by_fact()
    for pk, person, fact in sorted(set(_ties(list(initiatives)))):
        initiative = initiatives[pk]
        for grant in grants.get(person, []):
            if not initiative.unit.path.startswith(grant.unit.path):
                continue
            for rule in rules.get(fact, []):
                titles = _titles(rule, grant.role)
                if not titles:
                    continue
                key = (person, grant.role, fact)
                row = found.setdefault(
                    key,
                    Collision(
                        grant.user,
                        policy.role_in_words(grant.role),
                        segregation.facts_in_words()[fact],
                        [],
                        rule.always,
                    ),
                )
                row.titles += [title for title in titles if title not in row.titles]
                row.always |= rule.always
                if initiative not in row.initiatives[-1:]:
                    row.initiatives.append(initiative)
    pairs = [row for held in grants.values() for row in _pairs(held)]
    return sorted(
        [*pairs, *found.values()], key=lambda row: (row.person.name, row.person.pk, row.role, row.tie)
    )


def _rules_by_fact() -> dict[str, list[SegregationRule]]:
    rules: dict[str, list[SegregationRule]] = defaultdict(list)
    for rule in segregation.rules():
        rules[rule.fact].append(rule)
    return rules


def _titles(rule: SegregationRule, role: str) -> list[str]:
    """What the role could do and the rule forbids."""
    table = policy.table()
    return [table[act].title for act in rule.acts if table[act].roles.get(role) == "unit"]


def _pairs(held: list[RoleGrant]) -> Iterator[Collision]:
    """Roles of one person that don't go together; they stand only where rules bent, or from before."""
    roles = list(dict.fromkeys(grant.role for grant in held))
    for place, role in enumerate(roles):
        for other in roles[place + 1 :]:
            for _, sentence in clashes(role, [other], held[0].user):
                yield Collision(
                    held[0].user, policy.role_in_words(role), f"is {Role(other).label} too", [sentence], False
                )


def _ties(initiatives: list[int]) -> Iterator[tuple[int, int, str]]:
    """Initiative, natural person and tie, by one query for each kind of tie."""
    within = {"initiative__in": initiatives}
    rows = Initiative.objects.filter(pk__in=initiatives)
    found: list[tuple[int, int | None, str]] = []
    for column, fact in (
        ("created_by", "started"),
        ("owner", "own"),
        ("sponsor", "sponsor"),
        ("benefit_owner", "benefit_owner"),
    ):
        found += [(pk, person, fact) for pk, person in rows.values_list("pk", column)]
    sent = BusinessCase.objects.filter(**within).values_list("initiative", "submitted_by")
    found += [(pk, person, "submitted") for pk, person in sent.distinct()]
    scored = Appointment.objects.filter(**within, part=Part.ASSESSOR).values_list("initiative", "person")
    found += [(pk, person, "scored") for pk, person in scored.distinct()]
    edited = CaseEditor.objects.filter(case__initiative__in=initiatives)
    found += [
        (pk, person, "edited") for pk, person in edited.values_list("case__initiative", "user").distinct()
    ]
    gate = GatePassage.objects.filter(initiative=OuterRef("initiative")).values("initiative")
    typed = Posting.objects.filter(**within).exclude(by_hand=None)
    typed = typed.annotate(gate_at=Subquery(gate.annotate(at=Max("transaction__at")).values("at")))
    typed = typed.filter(Q(gate_at=None) | Q(transaction__at__gte=F("gate_at")))
    pairs = typed.values_list("initiative", "by_hand").distinct()
    found += [(pk or 0, person, "posted_by_hand") for pk, person in pairs]
    claimed = BenefitClaim.objects.filter(**within).values_list("initiative", "by").distinct()
    found += [(pk, person, "claimed") for pk, person in claimed]
    measured = Measurement.objects.filter(**within).values_list("initiative", "by").distinct()
    found += [(pk, person, "measured") for pk, person in measured]
    answers: dict[int, int | None] = dict(
        User.objects.filter(is_service_account=True).values_list("pk", "answers_for_it")
    )
    for pk, person, fact in found:
        if person is not None:
            yield pk, answers.get(person) or person, fact
