"""The profiles: which sources Keel can take a portfolio from. Without Django."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from portfolio.imports import ai_inventory, gmpp, itdashboard
from portfolio.imports.readers import Column, Table, read_table
from portfolio.imports.rows import FileRefused, Rejection, Remark, SourceRow

LONGEST_TITLE = 300
LONGEST_ID = 300
LONGEST_UNIT = 200


class Profile(Struct, frozen=True):
    """How the files of one source are read."""

    name: str
    title: str
    columns: Sequence[Column]
    encodings: Sequence[str]
    about_date: Callable[[Table], date]
    rows: Callable[[Table, date], Iterator[SourceRow | Rejection]]


class Reading(Struct, frozen=True):
    """A whole file as a profile reads it: each data row is in exactly one of both lists."""

    profile: str
    about_date: date
    file_hash: str
    encoding: str
    rows: tuple[SourceRow, ...]
    rejections: tuple[Rejection, ...]

    @property
    def count(self) -> int:
        """The number of data rows in the file."""
        return len(self.rows) + len(self.rejections)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name=ai_inventory.SYSTEM,
            title="US federal AI use case inventory 2024",
            columns=ai_inventory.COLUMNS,
            encodings=ai_inventory.ENCODINGS,
            about_date=ai_inventory.about_date,
            rows=ai_inventory.rows,
        ),
        Profile(
            name=gmpp.SYSTEM,
            title="UK Government Major Projects Portfolio",
            columns=gmpp.COLUMNS,
            encodings=gmpp.ENCODINGS,
            about_date=gmpp.about_date,
            rows=gmpp.rows,
        ),
        Profile(
            name=itdashboard.SYSTEM,
            title="US federal IT Dashboard, projects",
            columns=itdashboard.COLUMNS,
            encodings=itdashboard.ENCODINGS,
            about_date=itdashboard.about_date,
            rows=itdashboard.rows,
        ),
    )
}


def read_portfolio(content: bytes, profile: str, about: date | None = None) -> Reading:
    """Read a file by a profile. `about` is the date that the file is about, where the file doesn't say it.

    Raises FileRefused for an unknown profile and for a file that is no table of this kind.
    """
    how = PROFILES.get(profile)
    if how is None:
        raise FileRefused(f"There is no profile “{profile}”. There are: {', '.join(PROFILES)}.")
    table = read_table(content, how.columns, encodings=how.encodings)
    about = about or how.about_date(table)
    results = [_fitting(result) for result in how.rows(table, about)]
    return Reading(
        profile=profile,
        about_date=about,
        file_hash=table.file_hash,
        encoding=table.encoding,
        rows=tuple(result for result in results if isinstance(result, SourceRow)),
        rejections=tuple(result for result in results if isinstance(result, Rejection)),
    )


def _fitting(result: SourceRow | Rejection) -> SourceRow | Rejection:
    """The result with a title that Keel can show; names that can't be kept whole reject the row."""
    if isinstance(result, Rejection):
        return result
    if len(result.external_id) > LONGEST_ID:
        return Rejection(result.row_number, "", result.external_id, f"The id is longer than {LONGEST_ID}.")
    for name in result.unit_path:
        if len(name) > LONGEST_UNIT:
            return Rejection(result.row_number, "", name, f"The unit's name is longer than {LONGEST_UNIT}.")
    if len(result.title) <= LONGEST_TITLE:
        return result
    title = result.title[: LONGEST_TITLE - 1].rstrip() + "…"
    remark = Remark(
        "", result.title, f"the title is cut to {LONGEST_TITLE} characters; the source row is whole"
    )
    return msgspec.structs.replace(result, title=title, remarks=(*result.remarks, remark))
