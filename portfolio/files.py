"""What kind of file somebody gave, by its content; names and declared types are not believed."""

import zipfile
from dataclasses import dataclass
from io import BytesIO

MOST_BYTES = 10 * 2**20
# An office file that unpacks to more than this is no document.
MOST_UNPACKED = 100 * 2**20
KINDS_IN_WORDS = "PDF, PNG, JPEG, Word, Excel, PowerPoint, plain text or CSV"
_BEGINNINGS = {
    b"%PDF-": ("application/pdf", ".pdf"),
    b"\x89PNG\r\n\x1a\n": ("image/png", ".png"),
    b"\xff\xd8\xff": ("image/jpeg", ".jpg"),
}
_OFFICE = {
    "word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    "ppt/": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
}


class CannotTake(ValueError):
    """The file is of no kind that Keel keeps; the sentence says what to give instead."""


@dataclass(frozen=True)
class FileKind:
    """A media type and the ending that belongs to it."""

    media_type: str
    ending: str


def kind_of(content: bytes) -> FileKind:
    """The kind of a file. Raises CannotTake for an empty, too large, packed or unknown one."""
    if not content:
        raise CannotTake("This file is empty.")
    if len(content) > MOST_BYTES:
        raise CannotTake(f"This file is larger than {MOST_BYTES // 2**20} MB.")
    for beginning, kind in _BEGINNINGS.items():
        if content.startswith(beginning):
            return FileKind(*kind)
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text or text.lstrip()[:1] == "<":
        raise CannotTake(f"Give a file of one of these kinds: {KINDS_IN_WORDS}.")
    return FileKind("text/plain", ".txt")


def _office(content: bytes) -> FileKind:
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            parts = packed.infolist()
    except zipfile.BadZipFile as error:
        raise CannotTake("This file is damaged.") from error
    names = [part.filename for part in parts]
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise CannotTake("This file unpacks to more than a document holds.")
    if any(name.endswith("vbaProject.bin") for name in names):
        raise CannotTake("This file holds macros: save it without them.")
    if "[Content_Types].xml" in names:
        for folder, kind in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return FileKind(*kind)
    raise CannotTake(f"Give a file of one of these kinds: {KINDS_IN_WORDS}.")
