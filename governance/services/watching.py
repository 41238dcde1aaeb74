"""Bringing recommendations up to their facts and to the day, telling people once, and what people answer."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from accounts import segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import Notification, Role, RoleGrant, User
from governance import authority, balances, commitments
from governance.messages import tell
from governance.models import (
    Announced,
    ClockExtension,
    ClockExtensionRequest,
    FirstUser,
    GatePassage,
    Recommendation,
    RecommendationAnswer,
    WatchRun,
)
from governance.permissions import may_stop
from governance.promises import lapsing
from governance.seen import CHUNK, Looked, look_at, silenced
from governance.services.common import require_reason, tell_the_unit
from governance.services.stopping import stop
from governance.watch import EXTENSION_MONTHS, Finding, clock_seen, findings, months_later, renewal_due
from governance.watch_permissions import (
    may_answer_recommendation,
    may_ask_extension,
    may_report_first_user,
)
from ledger import clock
from ledger.models import LedgerEntry, Stale
from ledger.services import Act, last_seq, record
from portfolio import lifecycle, money
from portfolio.models import Hold, Initiative, Stage, Track
from portfolio.querysets import InitiativeQuerySet
from portfolio.wording import grouped
from scoring.positions import stale
from scoring.positions.rebuild import Checked, Difference

WATCHED = (Stage.PILOT, Stage.SCALING, Stage.OPERATING)
# Who keeps going says until when; then it is asked again.
LONGEST_SILENCE = timedelta(days=92)
ANSWERED_BY = timedelta(days=30)
RENEWAL_NOTICE = timedelta(days=14)
Answer = RecommendationAnswer.Answer


# The positions -------------------------------------------------------------------------------


def running() -> InitiativeQuerySet:
    """The initiatives that are watched; what was only notified asks for nothing."""
    rows = Initiative.objects.filter(closed_kind="", stage__in=WATCHED)
    return rows.exclude(track=Track.NOTIFY).order_by("pk")


def changed_since(seq: int) -> set[int]:
    """The initiatives about which something was recorded after a point."""
    marked = Stale.objects.filter(kind=stale.RETURN, last_seq__gt=seq).values_list("subject", flat=True)
    about = LedgerEntry.objects.filter(seq__gt=seq, object_type=Initiative._meta.label)
    return {*marked, *(int(pk) for pk in about.values_list("object_id", flat=True) if pk)}


@dataclass(frozen=True)
class Watched:
    """A computed recommendation and what it was made of."""

    row: Recommendation
    looked: Looked
    open_findings: list[Finding]


def compute(ids: Sequence[int], *, seq: int, on: date) -> list[Watched]:
    """The recommendations of some running initiatives, at most CHUNK, from the facts; writes nothing."""
    looked, quiet = look_at(ids, seq=seq, on=on), silenced(ids, on)
    return [_computed(looked[pk], quiet, seq, on) for pk in ids]


def _computed(looked: Looked, quiet: Mapping[tuple[int, str], date], seq: int, on: date) -> Watched:
    pk, found = looked.initiative.pk, findings(looked.seen, on)
    waiting = [item for item in found if (pk, item.key) not in quiet]
    proposals = [item.proposal for item in waiting]
    gravest = next((name for name in ("stop", "hold", "fix") if name in proposals), "")
    pilot = clock_seen(looked.seen) if looked.seen.stage == Stage.PILOT else None
    row = Recommendation(
        initiative_id=pk,
        through_seq=seq,
        on=on,
        findings=[
            item.as_data() | {"silenced_until": until.isoformat() if until else None}
            for item in found
            for until in [quiet.get((pk, item.key))]
        ],
        proposal=gravest,
        clock_ends_on=pilot.ends_on if pilot else None,
        renewal_due_on=renewal_due(looked.seen),
        would_free=looked.would_free,
        unspent=looked.unspent,
    )
    return Watched(row, looked, waiting)


# One statement for any number of rows; the condition is the guard: a newer one is never replaced.
_COLUMNS = (
    "initiative_id", "through_seq", '"on"', "findings", "proposal", "clock_ends_on", "renewal_due_on",
    "would_free", "unspent",
)  # fmt: skip
_ROWS = {
    "postgresql": (
        'jsonb_to_recordset(%s::jsonb) AS rows(initiative_id bigint, through_seq bigint, "on" date, '
        "findings jsonb, proposal text, clock_ends_on date, renewal_due_on date, would_free bigint, "
        "unspent bigint)"
    ),
    "sqlite": (
        "(SELECT "  # noqa: S608
        + ", ".join(f"json_extract(value, '$.{name.strip(chr(34))}') AS {name}" for name in _COLUMNS)
        + " FROM json_each(%s)) AS rows"
    ),
}


def write(rows: Iterable[Recommendation]) -> None:
    """Keep recommendations, each unless a newer one stands."""
    listed = [
        {
            "initiative_id": row.initiative_id,
            "through_seq": row.through_seq,
            "on": row.on.isoformat(),
            "findings": row.findings,
            "proposal": row.proposal,
            "clock_ends_on": row.clock_ends_on.isoformat() if row.clock_ends_on else None,
            "renewal_due_on": row.renewal_due_on.isoformat() if row.renewal_due_on else None,
            "would_free": money.to_stored(row.would_free),
            "unspent": money.to_stored(row.unspent),
        }
        for row in rows
    ]
    if not listed:
        return
    table, names = Recommendation._meta.db_table, ", ".join(_COLUMNS)
    sets = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    statement = (
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {_ROWS[connection.vendor]} WHERE true "  # noqa: S608
        f'ON CONFLICT (initiative_id) DO UPDATE SET {sets} WHERE ({table}."on", {table}.through_seq) '
        '<= (excluded."on", excluded.through_seq)'
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(listed)])


def watch(on: date | None = None) -> int:
    """Bring every recommendation up to its facts and to the day; how many were computed.

    Only what changed since the last run, and everything on a new day. Running it twice, or twice at once,
    changes no number and tells nobody twice.
    """
    day = on or clock.today()
    WatchRun.objects.get_or_create(pk=1)
    with transaction.atomic():
        run = WatchRun.objects.select_for_update().get(pk=1)
        if run.on is not None and run.on > day:
            return 0
        seq, everything = last_seq(), list(running().values_list("pk", flat=True))
        if run.on == day:
            if run.through_seq >= seq:
                return 0
            changed = changed_since(run.through_seq)
            ids = [pk for pk in everything if pk in changed]
        else:
            ids = everything
        for start in range(0, len(ids), CHUNK):
            found = compute(ids[start : start + CHUNK], seq=seq, on=day)
            write(item.row for item in found)
            _announce(found)
        Recommendation.objects.exclude(initiative__in=running().values("pk")).delete()
        WatchRun.objects.filter(pk=1).update(through_seq=seq, on=day)
    return len(ids)


def rebuild_recommendations() -> int:
    """Compute every recommendation anew on its stored day; how many. Nobody is told anything."""
    by_day: defaultdict[date, list[int]] = defaultdict(list)
    for pk, on in Recommendation.objects.order_by("pk").values_list("pk", "on"):
        by_day[on].append(pk)
    for on, ids in by_day.items():
        for start in range(0, len(ids), CHUNK):
            write(item.row for item in compute(ids[start : start + CHUNK], seq=last_seq(), on=on))
    return sum(map(len, by_day.values()))


def check_recommendations() -> Checked:
    """Every recommendation against its facts; what something was recorded about since waits for the job."""
    run = WatchRun.objects.filter(pk=1).first()
    waiting = changed_since(run.through_seq) if run else set()
    known = [row for row in Recommendation.objects.order_by("pk") if row.pk not in waiting]
    by_day: defaultdict[date, list[Recommendation]] = defaultdict(list)
    for row in known:
        by_day[row.on].append(row)
    found = Checked(len(known), [])
    names = ("findings", "proposal", "clock_ends_on", "renewal_due_on", "would_free", "unspent")
    for on, rows in by_day.items():
        for start in range(0, len(rows), CHUNK):
            some = rows[start : start + CHUNK]
            fresh = compute([row.pk for row in some], seq=last_seq(), on=on)
            found.differences += [
                Difference(f"recommendation of initiative {row.pk}", name, getattr(row, name), value)
                for row, item in zip(some, fresh, strict=True)
                for name in names
                if (value := getattr(item.row, name)) != getattr(row, name)
            ]
    return found


# Telling once ----------------------------------------------------------------------------------


def _announce(found: Sequence[Watched]) -> None:
    """One message for each finding that is new, and one for each renewal that comes near."""
    _forget(found)
    people = _holders()
    told: list[tuple[int, str, bool, list[User | None], tuple[str, str, str]]] = []
    for item in found:
        initiative = item.looked.initiative
        page = reverse("recommendation-answer", args=[initiative.pk])
        deciders = [user for _, path, user in people if initiative.unit.path.startswith(path)]
        everyone = [initiative.owner, initiative.sponsor, *deciders]
        for finding in item.open_findings:
            subject = f"{initiative.reference}: Keel proposes to {_verb(finding.proposal)}"
            frees = f" Stopping frees {grouped(item.row.would_free, 0)} {settings.BASE_CURRENCY}."
            freed = frees if finding.proposal == "stop" else ""
            told.append(
                (initiative.pk, finding.key, True, everyone, (subject, f"{finding.sentence}{freed}", page))
            )
        due = item.row.renewal_due_on
        if due is not None and initiative.sponsor is not None and due <= item.row.on + RENEWAL_NOTICE:
            text = (
                f"Renew your sponsorship of {initiative.reference}",
                f"“{initiative.title}” needs your word again by {due:%-d %b %Y}: a sentence is enough.",
                reverse("sponsorship-confirm", args=[initiative.pk]),
            )
            told.append((initiative.pk, f"renewal-{due}", False, [initiative.sponsor], text))
    tell_once(told)


def tell_once(
    messages: Sequence[tuple[int, str, bool, Sequence[User | None], tuple[str, str, str]]],
) -> int:
    """Send each message unless its key was told before for its initiative; how many keys were new."""
    ids = {pk for pk, *_ in messages}
    known = set(Announced.objects.filter(initiative__in=ids).values_list("initiative", "key"))
    new = {(pk, key): (is_finding, people, text) for pk, key, is_finding, people, text in messages}
    new = {place: rest for place, rest in new.items() if place not in known}
    Announced.objects.bulk_create(
        Announced(initiative_id=pk, key=key, is_finding=is_finding)
        for (pk, key), (is_finding, _, _) in new.items()
    )
    Notification.objects.bulk_create(
        Notification(recipient=person, subject=text[0][:200], sentence=text[1], path=text[2])
        for _, people, text in new.values()
        for person in {user.pk: user for user in people if user is not None}.values()
        if person.is_active and not person.is_service_account
    )
    return len(new)


def remind_of_promises(on: date | None = None) -> int:
    """Tell the portfolio office of promised dates before they lapse, once for each; how many were new."""
    offices = [(path, user) for role, path, user in _holders() if role == Role.PORTFOLIO_OFFICE]
    with transaction.atomic():
        WatchRun.objects.get_or_create(pk=1)
        WatchRun.objects.select_for_update().get(pk=1)
        return tell_once(
            [
                (
                    item.initiative.pk,
                    f"{item.what}-{item.due}",
                    False,
                    [user for path, user in offices if item.initiative.unit.path.startswith(path)],
                    (
                        f"{item.initiative.reference}: its {item.what} is promised by {item.due:%-d %b %Y}",
                        f"“{item.initiative.title}” waits for it since {item.submitted:%-d %b %Y}.",
                        item.initiative.get_absolute_url(),
                    ),
                )
                for item in lapsing(on)
            ]
        )


def _forget(found: Sequence[Watched]) -> None:
    """What does not hold any more may be told again when it comes back."""
    holding = {(item.row.initiative_id, finding["key"]) for item in found for finding in item.row.findings}
    about = Announced.objects.filter(
        is_finding=True, initiative__in=[item.row.initiative_id for item in found]
    )
    over = [row.pk for row in about if (row.initiative_id, row.key) not in holding]
    if over:
        Announced.objects.filter(pk__in=over).delete()


def _holders() -> list[tuple[str, str, User]]:
    """Who holds a role that is told, with the beginning of the units that it covers."""
    grants = RoleGrant.objects.active().confirmed().select_related("unit", "user").order_by("pk")
    found = grants.filter(role__in=(Role.PORTFOLIO_OFFICE, Role.CFO))
    return [(grant.role, grant.unit.path, grant.user) for grant in found]


def _verb(proposal: str) -> str:
    return {"stop": "stop it", "hold": "put it on hold", "fix": "fix something"}[proposal]


# Acts ------------------------------------------------------------------------------------------


def report_first_user(initiative: Initiative, *, on: date, note: str, actor: User) -> FirstUser:
    """The owner reports when the first real user used it: the pilot's clock starts then.

    A second report may name an earlier day, never a later one: more time is asked for.
    """
    errors = {}
    if on > clock.today():
        errors["on"] = "Choose today or a day before."
    if not note.strip():
        errors["note"] = "Write who used it for what."
    if errors:
        raise Refused("This can't be reported so.", errors)
    with record("first_user.reported", actor=actor, about=initiative, reason=note) as act:
        initiative = lifecycle.lock(initiative)
        may_report_first_user(actor, initiative).or_deny()
        before = FirstUser.objects.filter(initiative=initiative).order_by("id").last()
        if before is not None and on >= before.on:
            raise InvalidMove(
                f"The first user is reported for {before.on:%-d %b %Y}. A correction names an earlier day; "
                "for more time ask for the extension."
            )
        funded = GatePassage.objects.filter(initiative=initiative, gate="G3").order_by("id").last()
        if funded is not None and on < funded.transaction.at.date():
            raise Refused(
                "That lies before the pilot.",
                {"on": f"The pilot was decided on {funded.transaction.at.date():%-d %b %Y}."},
            )
        act.note(on=on)
        return act.add(FirstUser, initiative=initiative, on=on, note=note.strip(), by=actor)


def ask_extension(initiative: Initiative, *, reason: str, actor: User) -> ClockExtensionRequest:
    """The unit asks, once, for three more months of pilot; CFO or CEO grant it."""
    reason = require_reason(reason)
    with record("extension.requested", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_ask_extension(actor, initiative).or_deny()
        if ClockExtensionRequest.objects.filter(initiative=initiative).exists():
            raise InvalidMove("An extension was asked for already; there is one for each pilot.")
        request = act.add(ClockExtensionRequest, initiative=initiative, reason=reason, by=actor)
        tell(
            authority.holders(Role.CFO, initiative.unit),
            subject=f"{initiative.reference} asks for three more months of pilot",
            sentence=f"{actor}: {reason}",
            path=reverse("recommendation-answer", args=[initiative.pk]),
        )
        return request


def answer_recommendation(
    initiative: Initiative, *, answer: str, reason: str, until: date | None = None, actor: User
) -> RecommendationAnswer:
    """A person decides on what Keel recommends: keep going, extend the pilot, hold, or stop.

    The findings of now are kept with the answer and silenced until its day. Stopping closes it where the
    actor may stop it; else the portfolio office is asked to open a signing round. Raises NotAllowed,
    InvalidMove when nothing waits, Refused.
    """
    reason = require_reason(reason)
    today = clock.today()
    if answer not in Answer.values:
        raise Refused("Choose an answer.", {"answer": "Choose one of the answers offered."})
    if answer in {Answer.KEEP, Answer.HOLD} and (
        until is None or not today < until <= today + LONGEST_SILENCE
    ):
        last = today + LONGEST_SILENCE
        raise Refused("Say until when.", {"until": f"Choose a day after today and up to {last:%-d %b %Y}."})
    with transaction.atomic():
        balances.lock(commitments.envelopes_of(initiative))
        with record("recommendation.answered", actor=actor, about=initiative, reason=reason) as act:
            initiative = lifecycle.lock(initiative)
            verdict = may_answer_recommendation(actor, initiative)
            verdict.or_deny()
            segregation.mark(act, verdict, reason=reason, by=actor)
            found = compute([initiative.pk], seq=last_seq(), on=today)[0]
            asked = ClockExtensionRequest.objects.filter(initiative=initiative, grant=None).first()
            if not found.open_findings and asked is None:
                raise InvalidMove(f"Nothing about {initiative.reference} waits for an answer.")
            match answer:
                case Answer.EXTEND:
                    until = _extend(asked, found, actor, act)
                case Answer.HOLD:
                    if lifecycle.holding(initiative):
                        raise InvalidMove("It is on hold already.")
                    act.add(Hold, initiative=initiative, until=until, reason=reason)
                    initiative.on_hold = True
                    initiative.save(update_fields=["on_hold"])
                case Answer.STOP:
                    until = today + ANSWERED_BY
            answered = act.add(
                RecommendationAnswer,
                initiative=initiative,
                answer=answer,
                findings=[item.as_data() for item in found.open_findings],
                reason=reason,
                until=until,
                by=actor,
            )
            act.note(answer=answer, until=until, findings=[item.key for item in found.open_findings])
            tell_the_unit(
                initiative, f"is answered: {answered.get_answer_display().lower()}", f"{actor}: {reason}"
            )
            if answer == Answer.STOP and not may_stop(actor, initiative):
                tell(
                    authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit),
                    subject=f"{initiative.reference}: propose to stop it",
                    sentence=f"{actor} asks to open a signing round that stops it: {reason}",
                    path=_where_to_propose(initiative),
                )
        if answer == Answer.STOP and may_stop(actor, initiative):
            stop(initiative, reason=reason, actor=actor)
            Recommendation.objects.filter(initiative=initiative).delete()
        else:
            write(item.row for item in compute([initiative.pk], seq=last_seq(), on=today))
        return answered


def _where_to_propose(initiative: Initiative) -> str:
    if initiative.stage == Stage.OPERATING:
        return initiative.get_absolute_url()
    return reverse("signing-open", args=[initiative.pk])


def _extend(asked: ClockExtensionRequest | None, found: Watched, actor: User, act: Act) -> date:
    """Grant the extension; returns the clock's new end."""
    if asked is None:
        raise InvalidMove("Nobody asked for an extension, or it was granted already.")
    ends_on = clock_seen(found.looked.seen).ends_on
    if ends_on is None:
        raise InvalidMove("The pilot's clock has not started.")
    act.add(ClockExtension, request=asked, by=actor)
    return months_later(ends_on, EXTENSION_MONTHS)
