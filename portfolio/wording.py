"""Figures in sentences, without Django: grouped by a narrow space that does not break, with a true minus.

The filters of the pages write by the same functions, so that a figure reads alike in a table, in a
sentence, in a message and in a chart. Rounding here is for the eye.
"""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

THIN = "\u202f"
MINUS = "\u2212"


def grouped(value: Decimal | int, digits: int = 2) -> str:
    """An amount or a number with so many digits after the point: 1 234 567.00."""
    with localcontext(prec=60):
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.{digits}f}".replace(",", THIN)
    return f"{MINUS}{text}" if rounded < 0 else text


def trimmed(text: str) -> str:
    """A written number without the zeros that end its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(fraction: Decimal | int, digits: int = 0) -> str:
    """A fraction as a percentage: 0.283 is 28 %."""
    return f"{grouped(fraction * 100, digits)}{THIN}%"


def share(per_mille: int) -> str:
    """A share in thousandths as a percentage: 250 is 25 %, 125 is 12.5 %."""
    return f"{per_mille / 10:g}{THIN}%"
