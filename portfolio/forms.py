"""From the proposal's form to the content of a draft."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Unit
from portfolio import case, money

ROW_DEFAULTS = {"key", "direction", "side", "category", "phase", "is_capex", "is_cash", "relation", "weight"}
_PATH = re.compile(r"[a-z_]+(\.([0-9]{1,4}|[a-z_]+)){0,5}")


class StartForm(forms.Form):
    """The first two answers: for which unit, and what it is called."""

    title = forms.CharField(max_length=300, help_text="What it does, in under ten words.")
    unit = forms.ModelChoiceField(Unit.objects.none())

    def __init__(self, *args: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"] = forms.ModelChoiceField(units, empty_label=None)


def content_from_post(post: QueryDict) -> dict[str, Any]:
    """The part of a case that a form sent. Names are paths: `title`, `kpis.0.name`, `plan.lines.1.amounts.3`.

    Rows that are blank but for their defaults are dropped; `plan.lines.N.fill.*` fills the months of a line.
    """
    tree: dict[str, Any] = {}
    for name, values in post.lists():
        top = name.split(".", 1)[0]
        if top in case.BY_KEY and _PATH.fullmatch(name):
            _put(tree, name.split("."), values[-1])
    content: dict[str, Any] = {}
    for key, value in tree.items():
        if key == "plan":
            if isinstance(value, dict):
                content["plan"] = _plan(value, str(tree.get("currency", "")))
        elif isinstance(value, dict):
            content[key] = [row for row in _in_order(value) if _is_filled(row)]
        else:
            content[key] = value
    for key in ("stop_rules", "cost_objects"):
        if key in content:
            content[key] = [line.strip() for line in str(content[key]).splitlines() if line.strip()]
    return content


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        child = tree.setdefault(part, {})
        if not isinstance(child, dict):
            return
        tree = child
    tree[path[-1]] = value


def _in_order(rows: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for index in sorted((key for key in rows if key.isdecimal()), key=int):
        if isinstance(rows[index], dict):
            yield rows[index]


def _is_filled(row: Mapping[str, Any]) -> bool:
    return any(str(value).strip() for name, value in row.items() if name not in ROW_DEFAULTS)


def _plan(plan: Mapping[str, Any], currency: str) -> dict[str, Any]:
    start, lines = str(plan.get("start", "")), plan.get("lines", {})
    currency = currency if currency in money.CURRENCIES else "USD"
    rows = _in_order(lines) if isinstance(lines, dict) else ()
    filled = [_filled(line, start, currency) for line in rows]
    return {
        "start": start,
        "go_live": str(plan.get("go_live", "")),
        "lines": [line for line in filled if _is_line(line)],
    }


def _is_line(line: Mapping[str, Any]) -> bool:
    return any(
        str(value).strip() for value in (*line["amounts"], line.get("label", ""), line.get("fill", ""))
    )


def _filled(line: Mapping[str, Any], start: str, currency: str) -> dict[str, Any]:
    """A line with its months filled as asked; what can't be read stays in `fill`, with what to change."""
    fill, amounts = line.get("fill"), line.get("amounts")
    typed = amounts if isinstance(amounts, dict) else {}
    last = max((int(index) for index in typed if index.isdecimal()), default=-1)
    months = [str(typed.get(str(index), "")) for index in range(last + 1)]
    found: dict[str, Any] = {name: value for name, value in line.items() if name != "fill"}
    if isinstance(fill, dict) and str(fill.get("amount", "")).strip():
        try:
            months = fill_months(months, fill, start, currency)
        except ValueError as error:
            found["fill"] = fill | {"problem": str(error)}
    return found | {"amounts": months}


def fill_months(months: list[str], fill: Mapping[str, str], start: str, currency: str) -> list[str]:
    """The months with an amount from one month to another, rising in even steps over `ramp` months.

    Raises ValueError with what to change.
    """
    if not start:
        raise ValueError("Give the first month of the plan, then fill its months.")
    first = case.parse_month(start)
    begin = case.months_between(first, case.parse_month(fill.get("from") or start))
    end = case.months_between(first, case.parse_month(fill.get("to") or fill.get("from") or start))
    if not 0 <= begin <= end < case.MAX_MONTHS:
        raise ValueError("Choose months of the plan, the first before the last.")
    ramp = str(fill.get("ramp") or "1").strip()
    if not re.fullmatch(r"[0-9]{1,3}", ramp) or not 1 <= int(ramp) <= case.MAX_MONTHS:
        raise ValueError(f"Write the ramp as a number of months from 1 to {case.MAX_MONTHS}.")
    amount, steps = case.parse_amount(str(fill["amount"]), currency), int(ramp)
    filled = months + [""] * (end + 1 - len(months))
    for i in range(begin, end + 1):
        share = Decimal(min(i - begin + 1, steps)) / steps
        filled[i] = format(money.to_minor(amount * share, currency), "f")
    return filled
