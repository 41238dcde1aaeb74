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


_NAMES_IN_WORDS = {"eu_tier": "the EU tier", "internal_tier": "the own tier"}
# What holds or doesn't: the words for no, the words for yes.
_SAID_OF_ITSELF = {
    "high_impact": ("it is not of high impact", "it is of high impact"),
    "third_party": ("no third party provides it", "a third party provides it"),
    "personal_data": ("it uses no personal data", "it uses personal data"),
}
_COMPARED_IN_WORDS: dict[type[ast.cmpop], str] = {
    ast.Eq: "is",
    ast.NotEq: "is not",
    ast.Lt: "is below",
    ast.LtE: "is at most",
    ast.Gt: "is above",
    ast.GtE: "is at least",
    ast.In: "is",
    ast.NotIn: "is not",
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


def in_words(condition: str) -> str:
    """The condition as people say it, such as 'the EU tier is high'. Raises CannotRead."""
    return "always" if condition == ALWAYS else _words(ast.parse(condition, mode="eval").body)


def _words(node: ast.expr) -> str:
    match node:
        case ast.BoolOp(op=op, values=parts):
            return (" and " if isinstance(op, ast.And) else " or ").join(map(_words, parts))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return f"not ({_words(part)})"
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]) if (
            name in _SAID_OF_ITSELF and isinstance(right, ast.Name) and right.id in _TRUTH
        ):
            return _SAID_OF_ITSELF[name][_TRUTH[right.id] is isinstance(op, ast.Eq)]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"{_words(left)} {_COMPARED_IN_WORDS[type(op)]} {_words(right)}"
        case ast.Name(id=name) if name in _SAID_OF_ITSELF:
            return _SAID_OF_ITSELF[name][True]
        case ast.Name(id=name) if name in _NAMES_IN_WORDS:
            return _NAMES_IN_WORDS[name]
        case ast.Constant(value=value):
            return str(value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return " or ".join(map(_words, parts))
    raise CannotRead(f"“{ast.unparse(node)}” has no place in a condition.")
