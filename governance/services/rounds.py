"""Funding rounds: the agenda, freezing the pack, signing in one sitting, closing with minutes.

Locks come in the order round, initiatives (by id), ledger head. A sitting signs item by item, each in a
transaction of its own through `sign`, so nothing is half done.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from accounts import policy
from accounts.errors import Changed, DomainError, Incomplete, InvalidMove, Refused
from accounts.models import Role, RoleGrant, Unit, User
from governance import agenda, authority, line, minutes, pack, round_documents, round_pack
from governance.gates import GRANTING
from governance.messages import tell
from governance.models import (
    AgendaChange,
    AgendaItem,
    Departure,
    Envelope,
    FundingCandidate,
    FundingRound,
    RoundClosing,
    RoundItem,
    RoundPack,
    Signature,
    SigningRound,
    SigningRoundEnd,
    Verb,
)
from governance.permissions import (
    may_close_round,
    may_freeze_round,
    may_open_round,
    may_prepare_round,
    may_sign_round,
)
from governance.selectors import open_signings_for
from governance.services.common import NOTHING, require_reason
from governance.services.proposing import (
    GATE_OF_STAGE,
    HOLD_DAYS,
    open_signing,
    verbs_at,
    withdraw_signing,
)
from governance.services.signing import sign
from ledger import chain, clock
from ledger.services import record
from portfolio import money
from portfolio.models import Initiative, Stage
from portfolio.wording import grouped

# The agenda ----------------------------------------------------------------------------------


def open_round(*, name: str, meets_on: date, envelopes: Sequence[Envelope], actor: User) -> FundingRound:
    """Open a round over some envelopes; its agenda starts from what passed G2, by rank until the line.

    Raises NotAllowed or Refused.
    """
    errors = {}
    if not name.strip():
        errors["name"] = "Write a name, such as Round 2026-Q4."
    elif FundingRound.objects.filter(name=name.strip()).exists():
        errors["name"] = "There is a round of this name."
    if meets_on < clock.today():
        errors["meets_on"] = "Choose today or a later day."
    if not envelopes:
        errors["envelopes"] = "Choose the envelopes that this round decides on."
    if errors:
        raise Refused("The round can't be opened so.", errors)
    unit = _unit_above([envelope.unit for envelope in envelopes])
    with record("round.opened", actor=actor) as act:
        may_open_round(actor, unit).or_deny()
        opened = FundingRound.objects.create(name=name.strip(), meets_on=meets_on, unit=unit, opened_by=actor)
        opened.envelopes.set(envelopes)
        act.about(opened)
        found = agenda.eligible(opened, [Stage.DECISION])
        _start_items(opened, found)
        _by_rank(opened)
        act.note(
            name=opened.name,
            meets_on=meets_on,
            envelopes=sorted(envelope.pk for envelope in envelopes),
            items=[initiative.reference for initiative in found],
        )
        return opened


def _unit_above(units: Sequence[Unit]) -> Unit:
    """The lowest unit above all of these, which may be one of them."""
    paths = [unit.path.strip("/").split("/") for unit in units]
    common = [steps[0] for steps in zip(*paths, strict=False) if len(set(steps)) == 1]
    return Unit.objects.get(pk=int(common[-1]))


def _start_items(funding_round: FundingRound, initiatives: Iterable[Initiative]) -> None:
    """Put initiatives on the agenda; one whose signing round is open starts from what that proposes."""
    found = list(initiatives)
    proposed = {
        signing.initiative_id: signing
        for signing in SigningRound.objects.unended().filter(initiative__in=found)
    }
    items = []
    for initiative in found:
        item = AgendaItem(round=funding_round, initiative=initiative, verb=Verb.HOLD)
        if (signing := proposed.get(initiative.pk)) is not None:
            _take_over(item, signing)
        items.append(item)
    AgendaItem.objects.bulk_create(items)


def _take_over(item: AgendaItem, signing: SigningRound) -> None:
    until, other = signing.content.get("hold_until"), signing.content.get("merge_into")
    item.verb, item.amount, item.first_tranche = signing.verb, signing.amount, signing.first_tranche
    item.conditions, item.reason = signing.conditions, signing.reason
    item.hold_until = date.fromisoformat(until) if until else None
    item.merge_into = Initiative.objects.filter(reference=other).first() if other else None


def propose_by_rank(funding_round: FundingRound, *, actor: User) -> None:
    """Start the proposals again: fund by rank until the line, hold the rest. What was typed goes."""
    with transaction.atomic():
        funding_round = _lock(funding_round)
        may_prepare_round(actor, funding_round).or_deny()
        _require_unclosed(funding_round)
        _by_rank(funding_round, again=True)


def _by_rank(funding_round: FundingRound, *, again: bool = False) -> None:
    """Propose to fund what stands above the line, as its plan asks; to hold what stands below."""
    items = agenda.items_of(funding_round)
    if again:
        for item in items:
            item.verb, item.amount, item.first_tranche = Verb.HOLD, NOTHING, NOTHING
            item.conditions, item.reason = [], ""
    started = {item.pk for item in items if item.is_funded or item.reason}
    suggested = line.suggestions([item.initiative for item in items])
    until = max(funding_round.meets_on, clock.today()) + timedelta(days=HOLD_DAYS)
    changed = []
    for group in agenda.groups_of(items):
        for row in group.rows:
            item, case = row.item, row.item.initiative.current_case
            if item.pk in started or case is None:
                continue
            item.hold_until = until
            if row.is_above and Verb.GO in verbs_of(item.initiative):
                amount = suggested[item.initiative_id]
                item.verb, item.amount, item.hold_until = Verb.GO, amount, None
                item.first_tranche = _first_tranche(item.initiative, amount)
            changed.append(item)
    AgendaItem.objects.bulk_update(
        changed, ["verb", "amount", "first_tranche", "hold_until", "conditions", "reason"]
    )


def verbs_of(initiative: Initiative) -> frozenset[Verb]:
    """What may be proposed for an initiative at its stage; nothing at a stage that no round decides on."""
    gate = GATE_OF_STAGE.get(Stage(initiative.stage))
    return verbs_at(gate, initiative) if gate is not None else frozenset()


def _first_tranche(initiative: Initiative, amount: Decimal) -> Decimal:
    case = initiative.current_case
    if case is None or initiative.stage != Stage.DECISION:
        return amount
    most = pack.first_tranche_limit(initiative, case, amount)
    return most.quantize(money.minor_unit(case.currency), rounding=ROUND_DOWN)


def add_item(funding_round: FundingRound, initiative: Initiative, *, reason: str, actor: User) -> AgendaItem:
    """Put an initiative on the agenda by hand, such as a pilot that asks for G4."""
    reason = require_reason(reason)
    with record("round.item_added", actor=actor, about=funding_round, reason=reason) as act:
        funding_round = _lock(funding_round)
        may_prepare_round(actor, funding_round).or_deny()
        _require_unclosed(funding_round)
        if initiative not in agenda.to_add(funding_round):
            raise Refused(
                f"{initiative.reference} can't be decided in this round.",
                {"initiative": "Choose a case or a pilot that asks one of its envelopes."},
            )
        _start_items(funding_round, [initiative])
        item = funding_round.agenda.get(initiative=initiative)
        act.note(initiative=initiative.reference)
        kind = AgendaChange.Kind.ADDED
        act.add(AgendaChange, round=funding_round, initiative=initiative, kind=kind, reason=reason, by=actor)
        return item


def remove_item(item: AgendaItem, *, reason: str, actor: User) -> None:
    """Take an item off the agenda. A signing round that the pack opened stays until it is withdrawn."""
    reason = require_reason(reason)
    with record("round.item_removed", actor=actor, about=item.round, reason=reason) as act:
        item = _lock_item(item, actor)
        act.note(initiative=item.initiative.reference)
        act.add(
            AgendaChange,
            round=item.round,
            initiative=item.initiative,
            kind=AgendaChange.Kind.REMOVED,
            reason=reason,
            by=actor,
        )
        item.delete()


def move_item(item: AgendaItem, *, position: int, reason: str, actor: User) -> None:
    """Let the meeting take an item at another place. Its rank and the line stay."""
    reason = require_reason(reason)
    with record("round.item_moved", actor=actor, about=item.round, reason=reason) as act:
        item = _lock_item(item, actor)
        last = item.round.agenda.count()
        if not 1 <= position <= last:
            raise Refused("There is no such place.", {"position": f"Write a place from 1 to {last}."})
        act.note(initiative=item.initiative.reference, position=position)
        act.add(
            AgendaChange,
            round=item.round,
            initiative=item.initiative,
            kind=AgendaChange.Kind.MOVED,
            position=position,
            reason=reason,
            by=actor,
        )
        item.position = position
        item.save(update_fields=["position"])


def propose_item(item: AgendaItem, *, values: Mapping[str, Any], actor: User) -> AgendaItem:
    """Write what the office proposes for one item; what can't be so is refused when the pack is frozen."""
    with transaction.atomic():
        item = _lock_item(item, actor)
        verb, amount = values["verb"], values.get("amount") or NOTHING
        if verb not in verbs_of(item.initiative):
            raise Refused("That can't be decided here.", {"verb": "Choose one of these."})
        is_go = verb in GRANTING
        if is_go and not amount:
            raise Refused("A 'go' grants money.", {"amount": "Write the amount to grant."})
        item.verb = verb
        item.amount = amount if is_go else NOTHING
        item.first_tranche = (values.get("first_tranche") or NOTHING) if is_go else NOTHING
        item.conditions = chain.plain(list(values.get("conditions") or ()))
        item.hold_until = values.get("hold_until") if verb == Verb.HOLD else None
        item.merge_into = values.get("merge_into") if verb == Verb.MERGE else None
        item.reason = str(values.get("reason") or "").strip()
        if item.first_tranche > item.amount:
            raise Refused("That is too much at once.", {"first_tranche": f"At most {grouped(item.amount)}."})
        item.save()
        return item


def _lock(funding_round: FundingRound) -> FundingRound:
    return (
        FundingRound.objects.select_for_update(of=("self",)).select_related("unit").get(pk=funding_round.pk)
    )


def _lock_item(item: AgendaItem, actor: User) -> AgendaItem:
    """The item as it is now, of a round that is locked. Raises NotAllowed, or InvalidMove if it is closed."""
    locked = _lock(item.round)
    may_prepare_round(actor, locked).or_deny()
    _require_unclosed(locked)
    found = locked.agenda.select_related("initiative__unit", "initiative__current_case")
    fresh = found.filter(pk=item.pk).first()
    if fresh is None:
        raise InvalidMove("This item is no longer on the agenda.")
    fresh.round = locked
    return fresh


def _require_unclosed(funding_round: FundingRound) -> None:
    if RoundClosing.objects.filter(round=funding_round).exists():
        raise InvalidMove(f"{funding_round} is closed.")


# Freezing ------------------------------------------------------------------------------------


def freeze_round(funding_round: FundingRound, *, actor: User) -> RoundPack:
    """Freeze the pack: open each item's signing round, and keep all that the members read, all or nothing.

    What can't be held stays off and is named in the pack. Frozen again it is a new version: rounds whose
    proposal and content still stand are kept with their signatures, others are withdrawn and opened anew.
    Raises NotAllowed, InvalidMove, or Refused when a departure from rank has no reason.
    """
    with transaction.atomic():
        funding_round = _lock(funding_round)
        may_freeze_round(actor, funding_round).or_deny()
        _require_unclosed(funding_round)
        _require_undecided(funding_round)
        items = agenda.items_of(funding_round)
        if not items:
            raise InvalidMove("The agenda is empty: put an item on it first.")
        _lock_initiatives(items)
        signings, off = _open_all(funding_round, items, actor)
        items = [item for item in items if item.initiative_id in signings]
        if not items:
            raise Refused(
                "Nothing of this agenda can be decided.", {row["reference"]: row["why"] for row in off}
            )
        groups = agenda.groups_of(items)
        _require_reasons(groups)
        newest = funding_round.packs.first()
        version = newest.version + 1 if newest is not None else 1
        with record("round.frozen", actor=actor, about=funding_round) as act:
            content = round_pack.content_of(
                funding_round,
                groups,
                signings,
                version=version,
                off=off,
                members=_members(funding_round, signings),
                changes=funding_round.changes.exclude(kind=AgendaChange.Kind.REMOVED).order_by("id"),
            )
            frozen = act.add(
                RoundPack,
                round=funding_round,
                version=version,
                content=content,
                content_hash=pack.hash_of(content),
                frozen_by=actor,
            )
            act.note(version=version, content_hash=frozen.content_hash, items=len(items), off=len(off))
            _write_items(frozen, groups, signings, act.add)
        people = User.objects.filter(pk__in=[row["id"] for row in content["members"]])
        tell(
            people,
            subject=f"{funding_round} waits for you",
            sentence=f"Its pack is frozen: {len(items)} items. "
            f"It meets on {funding_round.meets_on:%-d %b %Y}.",
            path=funding_round.get_absolute_url(),
        )
        return frozen


def _require_undecided(funding_round: FundingRound) -> None:
    newest = funding_round.packs.first()
    if newest is None:
        return
    ended = SigningRoundEnd.objects.filter(signing__round_items__pack=newest).exclude(
        kind=SigningRoundEnd.Kind.WITHDRAWN
    )
    if (first := ended.select_related("signing__initiative").first()) is not None:
        raise InvalidMove(
            f"{first.signing.initiative.reference} is {first.get_kind_display().lower()} already: close this "
            "round, and carry the rest over into the next one."
        )


def _lock_initiatives(items: Iterable[AgendaItem | RoundItem]) -> None:
    """Lock all of them at once, by id."""
    ids = [item.initiative_id for item in items]
    list(Initiative.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values("pk"))


def _open_all(
    funding_round: FundingRound, items: Sequence[AgendaItem], actor: User
) -> tuple[dict[int, SigningRound], list[dict[str, Any]]]:
    """The signing round of each item that holds, by initiative; and why each of the others stays off."""
    reasons = _standing_reasons(funding_round, items)
    open_ones = {
        signing.initiative_id: signing
        for signing in SigningRound.objects.unended()
        .filter(initiative__in=[item.initiative_id for item in items])
        .select_related("case", "step", "initiative__unit", "initiative__current_case")
    }
    found: dict[int, SigningRound] = {}
    off: list[dict[str, Any]] = []
    for item in items:
        initiative, signing = item.initiative, open_ones.get(item.initiative_id)
        try:
            with transaction.atomic():
                if signing is not None and not _still_stands(item, signing):
                    again = f"Proposed anew in {funding_round}."
                    withdraw_signing(signing, reason=again, actor=actor)
                    signing = None
                found[initiative.pk] = signing or open_signing(
                    initiative, **item.proposal(), reason=item.reason or reasons[item.pk], actor=actor
                )
        except DomainError as error:
            off.append(
                {
                    "reference": initiative.reference,
                    "title": initiative.title,
                    "unit": initiative.unit.name,
                    "why": _in_full(error),
                }
            )
    return found, off


def _in_full(error: DomainError) -> str:
    """The sentence of a refusal with what it names."""
    named = (
        error.errors if isinstance(error, Refused) else error.missing if isinstance(error, Incomplete) else {}
    )
    return " ".join([error.sentence, *named.values()])


def _still_stands(item: AgendaItem, signing: SigningRound) -> bool:
    """Whether an open signing round proposes just this, on a case and score that are still so."""
    until, other = signing.content.get("hold_until"), signing.content.get("merge_into")
    same = (
        signing.verb == item.verb
        and signing.amount == item.amount
        and signing.first_tranche == item.first_tranche
        and signing.conditions == item.conditions
        and (item.reason in {"", signing.reason})
        and (item.verb != Verb.HOLD or item.hold_until is None or chain.plain(item.hold_until) == until)
        and (item.verb != Verb.MERGE or (item.merge_into and item.merge_into.reference) == other)
    )
    return same and not pack.changes_since(signing, item.initiative)


def _standing_reasons(funding_round: FundingRound, items: Sequence[AgendaItem]) -> dict[int, str]:
    """The reason of a proposal for which none was typed: where it stands."""
    reasons = {item.pk: f"As the office proposes in {funding_round}." for item in items}
    for group in agenda.groups_of(items):
        for row in group.rows:
            side = "above" if row.is_above else "below"
            reasons[row.item.pk] = (
                f"Rank {row.place + 1} of {len(group.rows)} in {funding_round}, {side} the line."
            )
    return reasons


def _require_reasons(groups: Sequence[agenda.Group]) -> None:
    lacking = {
        row.item.initiative.reference: f"{Departure.Kind(row.parting.kind.value).label}: say why."
        for group in groups
        for row in group.rows
        if row.parting is not None and not row.item.reason
    }
    if lacking:
        raise Refused("Each departure from the rank order needs a typed reason.", lacking)


def _members(funding_round: FundingRound, signings: Mapping[int, SigningRound]) -> list[dict[str, Any]]:
    """Whoever could sign one of the items, and how many."""
    roles = {*policy.table()["decision.sign"].roles, Role.RISK_OFFICER}
    held: dict[int, set[str]] = {}
    people: dict[int, User] = {}
    grants = RoleGrant.objects.active().confirmed().filter(role__in=roles).select_related("unit", "user")
    for grant in grants:
        if funding_round.unit.path.startswith(grant.unit.path):
            people[grant.user_id] = grant.user
            held.setdefault(grant.user_id, set()).add(policy.role_in_words(grant.role))
    ids = {signing.pk for signing in signings.values()}
    found = []
    for person in sorted(people.values(), key=lambda person: (person.name, person.pk)):
        number = sum(signing.pk in ids for signing in open_signings_for(person))
        if number:
            found.append(round_pack.member(person, sorted(held[person.pk]), number))
    return found


def _write_items(
    frozen: RoundPack,
    groups: Sequence[agenda.Group],
    signings: Mapping[int, SigningRound],
    add: Callable[..., Any],
) -> None:
    rows = [row for group in groups for row in group.rows]
    for place, row in enumerate(rows):
        initiative = row.item.initiative
        add(RoundItem, pack=frozen, initiative=initiative, signing=signings[initiative.pk], place=place)
        if row.parting is not None:
            add(
                Departure,
                pack=frozen,
                initiative=initiative,
                kind=row.parting.kind.value,
                price=row.parting.price,
                reason=row.item.reason,
            )
    for kind, by_rank in (
        (FundingCandidate.Kind.BY_RANK, True),
        (FundingCandidate.Kind.AS_PROPOSED, False),
    ):
        add(
            FundingCandidate,
            pack=frozen,
            kind=kind,
            chosen=sorted(pk for group in groups for pk in group.chosen(by_rank=by_rank)),
            cost=sum((group.cost(by_rank=by_rank) for group in groups), NOTHING),
            expected_value=sum((group.value(by_rank=by_rank) for group in groups), NOTHING),
        )


# The sitting ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ballot:
    """One vote of a sitting; the reason is typed for a departure, else it may be empty."""

    vote: str
    reason: str = ""


@dataclass(frozen=True)
class Signed:
    """What became of one item of a sitting."""

    item: RoundItem
    is_signed: bool
    sentence: str


def sign_items(
    frozen: RoundPack, ballots: Mapping[int, Ballot], *, seen_hash: str, actor: User
) -> list[Signed]:
    """Vote on items of a frozen pack in one sitting: each is signed on its own, and says what became of it.

    `ballots` are by item. Raises NotAllowed, InvalidMove for a closed round, Changed when the pack was frozen
    again, Refused (by item) where a departure has no typed reason; then nothing is signed.
    """
    may_sign_round(actor, frozen.round).or_deny()
    _require_unclosed(frozen.round)
    newest = frozen.round.packs.first()
    if newest is None or newest.content_hash != seen_hash:
        raise Changed("The pack was frozen again since you opened it: read the new one before you sign.")
    items = newest.items.select_related(
        "signing__initiative__unit", "signing__case", "signing__step", "initiative"
    )
    chosen = [item for item in items if item.pk in ballots]
    if not chosen:
        raise Refused("There is nothing here that you could sign.")
    errors = {
        f"reason_{item.pk}": f"{item.initiative.reference}: write why."
        for item in chosen
        if not ballots[item.pk].reason.strip()
        and needs_reason(newest.content["items"][item.place], ballots[item.pk].vote)
    }
    if errors:
        raise Refused("A departure needs a typed reason. Nothing was signed.", errors)
    return [_sign_one(newest, item, ballots[item.pk], actor) for item in chosen]


def needs_reason(row: Mapping[str, Any], vote: str) -> bool:
    """Whether a vote on this row has to say why: it isn't in favour, or the proposal departs from rank."""
    return vote != Signature.Vote.FOR or row["departure"] is not None


def _sign_one(frozen: RoundPack, item: RoundItem, ballot: Ballot, actor: User) -> Signed:
    row = frozen.content["items"][item.place]
    reason = ballot.reason.strip() or f"As proposed in {frozen.round}."
    try:
        sign(item.signing, vote=ballot.vote, reason=reason, seen_hash=row["signing_hash"], actor=actor)
    except Changed as error:
        labels = ", ".join(str(change["label"]).lower() for change in error.details["changes"])
        return Signed(item, False, f"Not signed: {error.sentence}{f' Changed: {labels}.' if labels else ''}")
    except DomainError as error:
        return Signed(item, False, f"Not signed: {error.sentence}")
    return Signed(item, True, became(item.signing))


def became(signing: SigningRound) -> str:
    """What became of a signing round, in a sentence."""
    ending = SigningRoundEnd.objects.filter(signing=signing).first()
    if ending is None:
        missing = authority.open_places(signing, authority.votes_for(signing))
        return f"Signed; it waits for {authority.in_words(missing)}."
    if ending.kind != SigningRoundEnd.Kind.DECIDED:
        return f"{ending.get_kind_display()}."
    if signing.verb in GRANTING:
        return f"Decided: {signing.get_verb_display().lower()}, {grouped(signing.amount)} {signing.currency}."
    return f"Decided: {signing.get_verb_display().lower()}."


# Closing -------------------------------------------------------------------------------------


def close_round(funding_round: FundingRound, *, note: str = "", actor: User) -> RoundClosing:
    """End the meeting: the minutes as a PDF, its hash in the ledger; what is undecided is carried over.

    Raises NotAllowed or InvalidMove.
    """
    with record("round.closed", actor=actor, about=funding_round, reason=note.strip()) as act:
        funding_round = _lock(funding_round)
        may_close_round(actor, funding_round).or_deny()
        _require_unclosed(funding_round)
        frozen = funding_round.packs.first()
        if frozen is None:
            raise InvalidMove("Freeze the pack first: there is nothing to take minutes of.")
        _lock_initiatives(frozen.items.all())
        content = minutes.content_of(frozen, note=note.strip(), closed_by=actor, closed_at=act.at)
        document = round_documents.minutes_pdf(content)
        sha256 = hashlib.sha256(document).hexdigest()
        name = f"Minutes of {funding_round}.pdf"
        act.note(
            pack=frozen.content_hash,
            minutes=sha256,
            decided=content["decided"],
            carried_over=[row["reference"] for row in content["carried_over"]],
        )
        return act.add(
            RoundClosing,
            round=funding_round,
            pack=frozen,
            content=content,
            note=note.strip(),
            minutes=ContentFile(document, name=f"{sha256}.pdf"),
            name=name,
            sha256=sha256,
            by=actor,
        )
