"""The control library as the file of a version gives it, and putting it into the record."""

import json
from datetime import date
from pathlib import Path

from assurance import conditions
from assurance.models import Control, ControlLibrary
from ledger.services import record

FILE = Path(__file__).parent / "library_1.json"
# Facts with which each condition is tried before a library is taken.
_TRIED: conditions.Facts = {
    "eu_tier": "minimal",
    "high_impact": False,
    "internal_tier": 0,
    "third_party": False,
    "personal_data": False,
}


def install_library() -> None:
    """Put version 1 of the control library in force; does nothing when there is one.

    Raises CannotRead for a condition that can't be read.
    """
    if ControlLibrary.objects.exists():
        return
    data = json.loads(FILE.read_text())
    for row in data["controls"]:
        conditions.holds(row["applies_when"], _TRIED)
    with record("control_library.installed", actor=None) as act:
        library = act.add(
            ControlLibrary,
            version=data["version"],
            valid_from=date.fromisoformat(data["valid_from"]),
            source=data["source"],
            themes=data["themes"],
            frameworks=data["frameworks"],
            dates=data["dates"],
        )
        act.about(library)
        act.add_many(
            Control,
            [
                Control(
                    library=library,
                    code=row["code"],
                    position=position,
                    theme=row["theme"],
                    title=row["title"],
                    duty=row["duty"],
                    applies_when=row["applies_when"],
                    due=row["due"],
                    due_before_people=row["due_before_people"],
                    evidence=row["evidence"],
                    kept_by=row["kept_by"],
                    review_days=row["review_days"],
                    crosswalk=row["references"],
                )
                for position, row in enumerate(data["controls"], start=1)
            ],
        )
