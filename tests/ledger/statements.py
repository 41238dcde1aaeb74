"""Statements on tables that the tests choose themselves; no word of them comes from outside."""


def sql(*words: str) -> str:
    """The words as one statement."""
    return " ".join(words)
