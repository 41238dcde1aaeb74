"""The pack and the minutes of a funding round as PDF: tagged for screen readers, the same bytes each time.

What people typed goes to Typst as data, never as source, so none of it can be read as a command.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from governance.models import Departure, RoundPack, Verb
from governance.round_pack import in_agenda_order
from portfolio.templatetags import figures

SOURCE = Path(__file__).parent / "typst" / "round_minutes.typ"
# What the typeface that Typst brings can show; anything else stands as a box.
_SHOWN = re.compile(
    r"[^\n\x20-\x7e\u00a0-\u02ff\u0370-\u052f\u1e00-\u1eff\u2009-\u200a\u2010-\u2027\u202f-\u205e\u20ac\u2212]"
)
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x09\x0b-\x1f\x7f-\x9f]")
_NOT_SHOWN = re.compile(r"the text `\"(.*)\"` could not be displayed", re.DOTALL)
BOX = "?"

Row = Mapping[str, Any]


def minutes_pdf(content: Row) -> bytes:
    """The minutes, from what `minutes.content_of` says."""
    currency = content["currency"]
    items = [_minute(number, item, currency) for number, item in enumerate(content["items"], start=1)]
    blocks: list[dict[str, Any]] = [
        {"heading": "Present", "lines": _present(content["present"])},
        {"heading": "Decisions", "items": items},
    ]
    departed = [item for item in content["items"] if item["departure"]]
    if departed:
        blocks.append(
            {
                "heading": "Departures from the rank order",
                "lines": [
                    f"{item['reference']} {_departure(item['departure'], currency)}" for item in departed
                ],
            }
        )
    if content["carried_over"]:
        blocks.append(
            {
                "heading": "Carried over to the next round",
                "lines": [f"{item['reference']} {item['title']}" for item in content["carried_over"]],
            }
        )
    blocks.append({"heading": f"Money, {currency}", "table": _money(content["envelopes"])})
    if content["note"]:
        blocks.append({"heading": "Note", "lines": [content["note"]]})
    closed = datetime.fromisoformat(content["closed_at"])
    return _compile(
        {
            "title": f"Minutes: {content['name']}",
            "lede": f"{content['unit']}. Called for {_day(content['meets_on'])}; closed by "
            f"{content['closed_by']} on {figures.day(closed.date())}. {content['decided']} of "
            f"{len(content['items'])} items decided, on pack {content['pack_version']}.",
            "footer": f"Pack {content['pack_hash'][:16]}",
            "blocks": blocks,
        }
    )


def pack_pdf(frozen: RoundPack) -> bytes:
    """The frozen pack: the agenda by score with the line, candidates, and what each item proposes."""
    content = frozen.content
    currency = content["currency"]
    blocks: list[dict[str, Any]] = []
    for envelope in content["envelopes"]:
        rows = [row for row in content["items"] if row["envelope"] == envelope["id"]]
        blocks.append(
            {
                "heading": f"{envelope['unit']}, FY{envelope['fiscal_year']}",
                "lines": _envelope_lines(envelope, currency),
                "table": _agenda(rows, envelope),
            }
        )
    blocks.append(
        {
            "heading": "What is proposed",
            "items": [
                _proposal(number, row, currency)
                for number, row in enumerate(in_agenda_order(frozen), start=1)
            ],
        }
    )
    if content["off"]:
        lines = [f"{row['reference']} {row['title']}: {row['why']}" for row in content["off"]]
        blocks.append({"heading": "Can't be decided yet", "lines": lines})
    return _compile(
        {
            "title": f"Pack: {content['name']}",
            "lede": f"{content['unit']}. Meets on {_day(content['meets_on'])}. "
            f"{len(content['items'])} items; pack {frozen.version}.",
            "footer": f"Pack {frozen.content_hash[:16]}",
            "blocks": blocks,
        }
    )


# Words ---------------------------------------------------------------------------------------


def _present(rows: Sequence[Row]) -> list[str]:
    there = [
        f"{row['name']} ({', '.join(row['roles'])}) signed {row['signed']}" for row in rows if row["signed"]
    ]
    absent = [f"{row['name']} ({', '.join(row['roles'])})" for row in rows if not row["signed"]]
    lines = ["; ".join(there) if there else "Nobody signed."]
    return [*lines, f"Signed nothing: {'; '.join(absent)}"] if absent else lines


def _minute(number: int, item: Row, currency: str) -> dict[str, Any]:
    became = {"open": "Not decided; carried over.", "refused": "Refused.", "withdrawn": "Withdrawn."}
    state = (
        f"Decided: {item['verb'].lower()}{_granted(item)}."
        if item["state"] == "decided"
        else became[item["state"]]
    )
    lines = [
        f"{item['unit']}, {item['gate']}, rank {item['rank']}. {state}",
        f"Why proposed: {item['reason']}",
    ]
    if item["refusal"]:
        lines.append(f"Why it ended: {item['refusal']}")
    if item["departure"]:
        lines.append(f"Departs from rank: {_departure(item['departure'], currency)}")
    if item["changed"]:
        lines.append(f"{item['changed']['kind'].capitalize()} by the office: {item['changed']['reason']}")
    points = [f"{vote['by']}, {vote['role']}: {vote['vote']}. {vote['reason']}" for vote in item["votes"]]
    points += [
        f"Condition: {row['text']} ({row['owner']}, due {_day(row['due'])})" for row in item["conditions"]
    ]
    return {"heading": f"{number}. {item['reference']} {item['title']}", "lines": lines, "points": points}


def _granted(item: Row) -> str:
    if not Decimal(item["amount"]):
        return ""
    return (
        f", {figures.money(Decimal(item['amount']))} {item['currency']}, first tranche "
        f"{figures.money(Decimal(item['first_tranche']))}"
    )


def _departure(row: Row, currency: str) -> str:
    return f"{Departure.Kind(row['kind']).label}; {_price(row['price'], currency)}. {row['reason']}"


def _price(price: str | None, currency: str) -> str:
    if price is None:
        return "its expected value is not stated"
    word = "gains" if Decimal(price) >= 0 else "loses"
    return f"{word} {figures.money(abs(Decimal(price)), 0)} {currency} of expected value"


def _envelope_lines(envelope: Row, currency: str) -> list[str]:
    by_rank, proposed = envelope["candidates"]["by_rank"], envelope["candidates"]["as_proposed"]
    lines = [
        f"Room {_whole(envelope['room'])} {currency}; asked {_whole(envelope['asked'])}.",
        f"By rank until the line: {_candidate(by_rank)}. As proposed: {_candidate(proposed)}.",
    ]
    if swap := envelope["swap"]:
        lines.append(
            f"Funding {swap['fund']} instead of {swap['instead_of']} would gain {_whole(swap['gain'])} "
            f"{currency} of expected value; it would be recorded as a departure from rank."
        )
    return lines


def _candidate(row: Row) -> str:
    number = "1 item" if row["items"] == 1 else f"{row['items']} items"
    return f"{number}, {_whole(row['cost'])}, expected value {_whole(row['value'])}"


def _agenda(rows: Sequence[Row], envelope: Row) -> dict[str, Any]:
    cells = []
    for row in rows:
        side = "above" if row["is_above"] else "below"
        cells.append(
            [
                str(row["rank"]),
                f"{row['initiative']['reference']} {row['initiative']['title']}",
                score_words(row["score"]),
                row["standing"] or "not ranked",
                _whole(row["asks"]),
                _whole(row["cumulative"]),
                f"{Verb(row['verb']).label.lower()} ({side} the line)",
            ]
        )
    return {
        "head": ["#", "Initiative", "Score", "Robust", "Asks", "Sum", "Proposal"],
        "widths": [0, 3, 0, 0, 0, 0, 2],
        "figures": [0, 4, 5],
        "rows": cells,
    }


def _proposal(number: int, row: Row, currency: str) -> dict[str, Any]:
    verb = Verb(row["verb"]).label
    lines = [
        f"{row['unit']}, {row['gate']}. Proposed: {verb.lower()}{_granted(row)}.",
        f"Why: {row['reason']}",
    ]
    if row["departure"]:
        lines.append(f"Departs from rank: {_departure(row['departure'], currency)}")
    initiative = row["initiative"]
    return {
        "heading": f"{number}. {initiative['reference']} {initiative['title']}",
        "lines": lines,
        "points": [],
    }


def score_words(score: Row | None) -> str:
    """'78.0', '60.0 to 70.0', or that there is none."""
    if score is None:
        return "none"
    return score["low"] if score["low"] == score["high"] else f"{score['low']} to {score['high']}"


def _money(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "head": ["Envelope", "Committed before", "Room before", "Committed after", "Room after"],
        "widths": [2, 1, 1, 1, 1],
        "figures": [1, 2, 3, 4],
        "rows": [
            [
                f"{row['unit']}, FY{row['fiscal_year']}",
                *(
                    figures.money(Decimal(row[name]))
                    for name in ("committed_before", "room_before", "committed_after", "room_after")
                ),
            ]
            for row in rows
        ],
    }


def _whole(text: str) -> str:
    return figures.money(Decimal(text), 0)


def _day(text: str) -> str:
    return figures.day(date.fromisoformat(text))


# Paper ---------------------------------------------------------------------------------------


def _compile(data: Mapping[str, Any]) -> bytes:
    """The PDF. A sign that the typeface lacks stands as a question mark: an accessible file has no gaps."""
    import typst

    ready = _shown(data)
    for _ in range(20):
        try:
            return bytes(
                typst.compile(
                    SOURCE.read_bytes(),
                    sys_inputs={"data": json.dumps(ready)},
                    pdf_standards=["ua-1"],
                    ignore_system_fonts=True,
                )
            )
        except typst.TypstError as error:
            found = _NOT_SHOWN.search(str(error))
            if found is None:
                raise
            ready = _without(ready, set(found.group(1)))
    raise RuntimeError("The document holds signs that can't be shown.")


def _shown(value: Any) -> Any:
    match value:
        case str():
            return _SHOWN.sub(BOX, _UNSEEN.sub("", value))
        case Mapping():
            return {key: _shown(item) for key, item in value.items()}
        case list() | tuple():
            return [_shown(item) for item in value]
    return value


def _without(value: Any, signs: set[str]) -> Any:
    match value:
        case str():
            return "".join(BOX if sign in signs else sign for sign in value)
        case Mapping():
            return {key: _without(item, signs) for key, item in value.items()}
        case list():
            return [_without(item, signs) for item in value]
    return value
