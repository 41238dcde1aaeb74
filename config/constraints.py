"""From a database refusal to its sentence."""

import re
from functools import cache

from django.apps import apps
from django.db import IntegrityError
from django.db.models import OneToOneField

from ledger.facts import Fact

# A fact that there is one of for another, such as a confirmation: two people at once make only one.
DONE_ALREADY = "Somebody did this at the same moment. Look at how it stands now."


@cache
def _sentences() -> dict[str, str]:
    """Constraint name (or, as SQLite reports a unique one, its columns) -> sentence."""
    found: dict[str, str] = {}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            sentence = str(constraint.violation_error_message or "")
            if constraint.violation_error_message == constraint.default_violation_error_message:
                sentence = constraint.name.replace("_", " ").capitalize() + "."
            found[constraint.name] = sentence
            columns = getattr(constraint, "fields", ())
            if columns:
                column_of = {field.name: field.column for field in model._meta.concrete_fields}
                found[", ".join(f"{model._meta.db_table}.{column_of[name]}" for name in columns)] = sentence
        for field in model._meta.concrete_fields:
            if isinstance(field, OneToOneField) and not field.primary_key and issubclass(model, Fact):
                found[f"{model._meta.db_table}.{field.column}"] = DONE_ALREADY
                found[f"{model._meta.db_table}_{field.column}_key"] = DONE_ALREADY
    return found


def sentence_of(error: IntegrityError) -> str | None:
    """The sentence of the constraint that refused; None if it is not one of ours."""
    text = str(error)
    for pattern in (
        r'constraint "(\w+)"',
        r"CHECK constraint failed: (\w+)",
        r"UNIQUE constraint failed: (.+)",
    ):
        if match := re.search(pattern, text):
            return _sentences().get(match.group(1))
    return None
