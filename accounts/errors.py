"""The errors that services raise; one middleware and one API handler answer them."""

from collections.abc import Mapping, Sequence
from typing import Any


class DomainError(Exception):
    """A rule of the house was broken. `code` is for programs, the sentence for the person."""

    code = "refused"
    status = 409

    def __init__(self, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class NotAllowed(DomainError):
    """This person may not do this; the sentence says why, and who could."""

    code = "not-allowed"
    status = 403


class StepUpNeeded(NotAllowed):
    """The act needs a fresh confirmation of who is signed in."""

    code = "step-up-needed"


class InvalidMove(DomainError):
    """The object is not in the state that the act needs."""

    code = "invalid-move"


class Changed(DomainError):
    """What was seen is no longer what is there; `changes` lists what differs."""

    code = "changed"

    def __init__(self, sentence: str, changes: Sequence[Mapping[str, Any]] = (), **details: Any) -> None:
        super().__init__(sentence, changes=list(changes), **details)


class Incomplete(DomainError):
    """Items are missing; `missing` maps a field or item to the sentence that says what to add."""

    code = "incomplete"
    status = 422

    def __init__(self, sentence: str, missing: Mapping[str, str], **details: Any) -> None:
        super().__init__(sentence, missing=dict(missing), **details)
        self.missing = dict(missing)


class EnvelopeExceeded(DomainError):
    """The envelope has no room for the amount."""

    code = "envelope-exceeded"


class Refused(DomainError):
    """A value or file was refused; `errors` maps a field to what to change."""

    code = "invalid"
    status = 422

    def __init__(self, sentence: str, errors: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(sentence, errors=dict(errors or {}), **details)
        self.errors = dict(errors or {})
