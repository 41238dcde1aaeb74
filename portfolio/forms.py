"""From the proposal's form to the content of a draft."""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Unit
from portfolio import case, money

ROW_DEFAULTS = {"key", "direction", "side", "category", "phase", "is_capex", "is_cash", "relation", "weight"}
_PATH = re.compile(r"[a-z_]+(\.\d+)?(\.[a-z_]+)?(\.\d+)?(\.[a-z_]+|\.\d+)?")


class StartForm(forms.Form):
    """The first two answers: for which unit, and what it is called."""

    title = forms.CharField(max_length=300, help_text="What it does, in under ten words.")
    unit = forms.ModelChoiceField(Unit.objects.none(), empty_label=None)

    def __init__(self, *args: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        assert isinstance(unit, forms.ModelChoiceField)
        unit.queryset = units


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
            lines = list(_filled_lines(value))
            content["plan"] = {
                "start": value.get("start", ""), "go_live": value.get("go_live", ""), "lines": lines
            }  # fmt: skip
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
    for index in sorted((key for key in rows if key.isdigit()), key=int):
        if isinstance(rows[index], dict):
            yield rows[index]


def _is_filled(row: Mapping[str, Any]) -> bool:
    return any(str(value).strip() for name, value in row.items() if name not in ROW_DEFAULTS)


def _filled_lines(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for line in _in_order(plan.get("lines", {})):
        fill = line.pop("fill", {})
        amounts = line.get("amounts", {})
        months = [
            amounts.get(str(i), "")
            for i in range(max((int(i) for i in amounts if i.isdigit()), default=-1) + 1)
        ]
        if isinstance(fill, dict) and str(fill.get("amount", "")).strip():
            months = fill_months(months, fill, str(plan.get("start", "")))
        line["amounts"] = months[: case.MAX_MONTHS]
        if any(str(value).strip() for value in months) or str(line.get("label", "")).strip():
            yield line


def fill_months(months: list[str], fill: Mapping[str, str], start: str) -> list[str]:
    """The months with an amount from one month to another, rising in even steps over `ramp` months.

    What can't be read goes into the first month, where the case's own check says what to change.
    """
    try:
        first = case.parse_month(start)
        begin = case.months_between(first, case.parse_month(fill.get("from") or start))
        end = case.months_between(first, case.parse_month(fill.get("to") or start))
        amount = case.parse_amount(fill["amount"], "USD")
        ramp = int(fill.get("ramp") or 1)
        if not 0 <= begin <= end < case.MAX_MONTHS or not 1 <= ramp <= case.MAX_MONTHS:
            raise ValueError
    except ValueError:
        return [fill["amount"], *months[1:]]
    filled = months + [""] * (end + 1 - len(months))
    for i in range(begin, end + 1):
        share = Decimal(min(i - begin + 1, ramp)) / ramp
        filled[i] = format((amount * share).quantize(money.minor_unit("USD"), rounding=ROUND_HALF_EVEN), "f")
    return filled
