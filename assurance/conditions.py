"""Conditions such as `eu_tier == "high" or internal_tier >= 2`, read without ever running them as code.

The text is parsed and walked: names of facts, texts, numbers, truth, lists; `==`, `!=`, `<`, `<=`, `>`, `>=`,
`in`, `and`, `or`, `not`. Anything else is refused when a library is installed.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Facts: TypeAlias = Mapping[str, str | int | bool]

ALWAYS = "always"
NAMES = frozenset({"eu_tier", "high_impact", "internal_tier", "third_party", "personal_data"})
_TRUTH = {"true": True, "false": False}
_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}


class CannotRead(ValueError):
    """The text is no condition of this kind."""


def holds(condition: str, facts: Facts) -> bool:
    """Whether a condition holds for facts. Raises CannotRead."""
    if condition == ALWAYS:
        return True
    try:
        tree = ast.parse(condition, mode="eval")
    except SyntaxError as error:
        raise CannotRead(f"“{condition}” can't be read: {error.msg}.") from error
    try:
        return bool(_value(tree.body, facts))
    except TypeError as error:
        raise CannotRead(f"“{condition}” compares what can't be compared.") from error


def _value(node: ast.expr, facts: Facts) -> Any:
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, facts) for part in parts)
        case ast.BoolOp(op=ast.Or(), values=parts):
            return any(_value(part, facts) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _value(part, facts)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if type(op) in _COMPARED:
                return _COMPARED[type(op)](_value(left, facts), _value(right, facts))
        case ast.Name(id=name) if name in _TRUTH:
            return _TRUTH[name]
        case ast.Name(id=name) if name in NAMES:
            return facts[name]
        case ast.Constant(value=str() | int() as value):
            return value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [_value(part, facts) for part in parts]
    raise CannotRead(f"“{ast.unparse(node)}” has no place in a condition.")
