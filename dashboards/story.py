"""An initiative's own story: each act of its ledger as one sentence in plain words. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portfolio.wording import grouped, share

Body = Mapping[str, Any]


def sentence(act: str, body: Body, who: str) -> str:
    """What happened, by whom, with the figures that the entry holds; never with what an assessor rated.

    `act` is the ledger's verb, `body` the entry's body, `who` the actor's name. An act without words of its
    own is told by its verb, so that nothing of the record is left out.
    """
    tell = TELLS.get(act)
    told = f"{who}: {act.replace('_', ' ').replace('.', ' ')}" if tell is None else tell(who, body)
    return f"{told[0].upper()}{told[1:]}."


def reason(act: str, body: Body) -> str:
    """The reason that was typed, if any; why somebody has a conflict of interest stays with the office."""
    return "" if act == "conflict.declared" else str(body.get("reason") or "").strip()


def _money(value: object) -> str:
    """An amount of a body (a text of digits) with its thousands apart; decimals only where there are some."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    places = 0 if amount == amount.to_integral_value() else 2
    return grouped(amount, places)


def _share(body: Body) -> str:
    return share(int(body.get("per_mille") or 0))


def _words(value: object) -> str:
    """A key or a day of a body as a reader writes it."""
    text = str(value or "").replace("_", " ")
    if text in {"cfo", "ceo"}:
        return text.upper()
    try:
        return f"{date.fromisoformat(text):%-d %b %Y}" if len(text) == 10 else text
    except ValueError:
        return text


def _month(value: object) -> str:
    text = str(value or "")[:7]
    try:
        return f"{date.fromisoformat(f'{text}-01'):%b %Y}"
    except ValueError:
        return text


def _plain(words: str) -> Callable[[str, Body], str]:
    """`{who}` is the actor; other names are those of the body, as words."""

    def tell(who: str, body: Body) -> str:
        return words.format_map(_Known({"who": who} | {key: _words(value) for key, value in body.items()}))

    return tell


class _Known(dict[str, str]):
    """Names that an older entry may lack read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def _signed(who: str, body: Body) -> str:
    role = f" as {_words(body.get('role'))}" if body.get("role") else ""
    told = f"{who} voted {_words(body.get('vote'))} the proposed decision{role}"
    if body.get("decision"):
        amount = Decimal(str(body.get("amount") or 0))
        granted = f", {_money(amount)} {body.get('currency', '')}" if amount else ""
        told += f"; with that it is decided: {_words(body.get('verb'))}{granted}"
    elif body.get("ended") == "refused":
        told += "; with that it is refused"
    return told


def _opened(who: str, body: Body) -> str:
    amount = Decimal(str(body.get("amount") or 0))
    granted = f" of {_money(amount)}" if amount else ""
    return f"{who} proposed a decision for signature: {_words(body.get('verb'))}{granted}"


def _stopped(who: str, body: Body) -> str:
    freed = f"; {_money(body['freed'])} that were not released are free again" if body.get("freed") else ""
    outcome = f" as {_words(body['outcome'])}" if body.get("outcome") else ""
    return f"{who} stopped it{outcome}{freed}"


def _accepted(words: str, by_key: Mapping[str, str]) -> Callable[[str, Body], str]:
    def tell(who: str, body: Body) -> str:
        part = by_key.get(str(body.get("accepted_as")), "")
        done = "; with that the gate is passed" if body.get("gate") else ""
        return f"{who} {words}{part}{done}"

    return tell


TELLS: dict[str, Callable[[str, Body], str]] = {
    "attachment.added": _plain("{who} kept a file with it"),
    "benefit.attested": lambda who, body: (
        f"{who} attested {_money(body.get('amount'))} of benefit for {_month(body.get('month'))}"
    ),
    "benefit.claimed": lambda who, body: (
        f"{who} claimed {_money(body.get('amount'))} of benefit for {_month(body.get('month'))}"
    ),
    "case.completed": _plain("{who} sent the completed case, version {case_version}"),
    "case.recalled": _plain("{who} took the case back to work on it"),
    "case.recorded": _plain("{who} recorded that the case holds; it waits for its decision"),
    "case.changed": _plain("{who} sent a changed case, version {case_version}"),
    "claw_back.confirmed": lambda who, body: f"{who} confirmed that {_money(body.get('amount'))} come back",
    "claw_back.proposed": lambda who, body: (
        f"{who} proposed to take back {_money(body.get('amount'))} unspent"
    ),
    "co_funding.agreed": lambda who, body: f"{who} agreed that another unit bears {_share(body)} of it",
    "co_funding.proposed": lambda who, body: f"{who} proposed that another unit bears {_share(body)} of it",
    "condition.reported": _plain("{who} reported that a condition is fulfilled"),
    "condition.accepted": _plain("{who} accepted that a condition is fulfilled"),
    "condition.returned": _plain("{who} sent the report on a condition back"),
    "control.checked": _plain("{who} checked the evidence for a control"),
    "control.evidenced": _plain("{who} gave evidence for a control"),
    "control.excepted": _plain("{who} made an exception from a control, until {expires_on}"),
    "control.planned": _plain("{who} planned controls"),
    "decision.reopened": _plain("{who} reopened the decision: what it was taken on has changed"),
    "extension.requested": _plain("{who} asked for more time for the pilot"),
    "family.separated": _plain("{who} parted it from a similar initiative"),
    "first_user.reported": _plain("{who} reported the first user, on {on}"),
    "incident.closed": _plain("{who} closed an incident"),
    "incident.contained": _plain("{who} reported that an incident is contained"),
    "incident.cost_booked": _plain("{who} booked the cost of an incident"),
    "incident.graded": _plain("{who} graded an incident anew"),
    "incident.reported": _plain("{who} reported an incident: {severity}"),
    "incident.told": _plain("{who} recorded that an authority was told of an incident"),
    "item.waived": _plain("{who} waived what {gate} asks, “{text}”, until {until}"),
    "part.appointed": _plain("{who} appointed a new {part}"),
    "recommendation.answered": _plain("{who} answered what Keel proposes: {answer}"),
    "resolution.confirmed": _plain("{who} confirmed the resolution of the board, {resolution}"),
    "risk.blocked": _plain("{who} blocked it"),
    "risk.unblocked": _plain("{who} lifted the block"),
    "sponsor.stepped_down": _plain("{who} stepped down as sponsor"),
    "tier.answered": _plain("{who} answered the questions on risk; they propose the tier {proposes}"),
    "tranche.held": _plain("{who} holds a tranche back until {until}"),
    "tranche.lifted": _plain("{who} lets a held tranche go on"),
    "tranches.planned": _plain("{who} wrote a new schedule of the tranches"),
    "veto.lifted": _plain("{who} lifted the reliability veto"),
    "veto.placed": _plain("{who} placed a reliability veto"),
    "comment.written": _plain("{who} commented"),
    "conflict.declared": _plain("{who} declared a conflict of interest and does not score it"),
    "decision.signed": _signed,
    "domain.set": _plain("{who} set the domain: {value}"),
    "evidence.supplied": _plain("{who} supplied evidence: {item}"),
    "hold.lifted": _plain("{who} lifted the hold"),
    "hold.placed": _plain("{who} placed a hold"),
    "initiative.called_in": _plain("{who} called it in to be triaged again"),
    "initiative.retired": _accepted(
        "retired it", {"owner_retires": " as its owner", "office_retires": " for the portfolio office"}
    ),
    "initiative.returned": _plain("{who} sent it back for redesign"),
    "initiative.stopped": _stopped,
    "initiative.submitted": _plain("{who} submitted it"),
    "initiative.triaged": _plain("{who} passed it through triage, on the {track} track"),
    "initiative.withdrawn": _plain("{who} withdrew it"),
    "kpi.measured": _plain("{who} reported a KPI"),
    "milestone.reached": _plain("{who} reported that a milestone was reached: {milestone}"),
    "operation.accepted": _accepted(
        "accepted it into operations",
        {"benefit_owner_accepts": " as benefit owner", "risk_officer_accepts": " as risk officer"},
    ),
    "outcome.set": _plain("{who} set the outcome: {outcome}"),
    "overlap.set": _plain("{who} settled the overlap: {value}"),
    "portfolio.imported": _plain("{who} imported it"),
    "posting.added": lambda who, body: (
        f"{who} typed a posting of {_money(body.get('amount'))} {body.get('currency', '')} "
        f"for {_month(body.get('service_month'))}"
    ),
    "posting.assigned": _plain("{who} assigned an unmatched posting to it"),
    "risk_tier.set": _plain("{who} set the risk tier: {value}"),
    "scorecard.assigned": _plain("{who} asked an assessor for a scorecard"),
    "scorecard.completed": _plain("{who} handed in a scorecard"),
    "scoring.closed": _plain("{who} closed the scoring"),
    "scoring.opened": _plain("{who} opened the scoring of version {case_version}"),
    "scoring.staffed": _plain("{who} asked assessors for scorecards by rule"),
    "signing.opened": _opened,
    "signing.withdrawn": _plain("{who} took the proposed decision back"),
    "sponsorship.confirmed": _plain("{who} confirmed as sponsor"),
    "track.set": _plain("{who} fixed the track: {value}"),
    "tranche.released": lambda who, body: (
        f"{who} released tranche {body.get('number', '')}, {_money(body.get('amount'))}"
    ),
    "tranche.requested": lambda who, body: f"{who} asked for the next tranche, {_money(body.get('amount'))}",
}
