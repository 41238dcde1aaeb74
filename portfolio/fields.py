"""The one model field for amounts."""

from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from portfolio import money

_ST_contra = TypeVar("_ST_contra", contravariant=True)
_GT_co = TypeVar("_GT_co", covariant=True)


class MoneyField(models.BigIntegerField[_ST_contra, _GT_co]):
    """An amount: Decimal in Python, an integer of 10^-4 currency units in the database.

    The currency stands in a column beside it. Integers keep sums in SQL exact on both databases.
    """

    description = "An amount of money"
    # For the type checker: what may be assigned, what comes back, what lookups take; null adds None.
    _pyi_private_set_type: Decimal | int | str  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]
    _pyi_lookup_exact_type: Decimal | int | str  # type: ignore[assignment]

    def from_db_value(self, value: int | None, *_: Any) -> Decimal | None:
        """The Decimal of a stored integer."""
        return None if value is None else money.from_stored(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        """Accepts a Decimal, an integer or a text; floats are refused."""
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, float):
            raise ValidationError("An amount must not be a float.")
        try:
            return Decimal(value)
        except ArithmeticError as error:
            raise ValidationError(f"{value!r} is not an amount.") from error

    def get_prep_value(self, value: Any) -> int | None:
        """The stored integer."""
        amount = self.to_python(value)
        return None if amount is None else money.to_stored(amount)

    def value_to_string(self, obj: models.Model) -> str:
        """The amount as a text, for serializers."""
        value = self.value_from_object(obj)
        return "" if value is None else format(value, "f")
