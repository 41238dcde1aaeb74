"""How alike two cases are by their words, without Django: the same answer every time, that one can check."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

# From here on two requests of one unit, sponsor and supplier count as parts of one.
ALIKE = 0.80
FIELDS = ("title", "summary", "problem", "process")
_WORD = re.compile(r"[^\W\d_]{3,}")


def words_of(content: Mapping[str, Any]) -> Counter[str]:
    """How often each word of three letters or more stands in what a case says that it is about."""
    text = " ".join(str(content.get(field) or "") for field in FIELDS)
    return Counter(_WORD.findall(text.lower()))


def similarity(one: Counter[str], other: Counter[str]) -> float:
    """The cosine of the angle between two counts of words: 1 for the same text, 0 for no word in common.

    Rounded to nine digits, so that the order of summing decides nothing.
    """
    if not one or not other:
        return 0.0
    shared = sum(count * other[word] for word, count in one.items())
    lengths = [math.sqrt(sum(count * count for count in words.values())) for words in (one, other)]
    return round(shared / math.prod(lengths), 9)
