"""Yes, or no with a sentence for the person refused."""

from dataclasses import dataclass

from accounts.errors import NotAllowed


@dataclass(frozen=True)
class Verdict:
    """The answer of every `may_x`: true or false, and why not."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def or_deny(self) -> None:
        """Raise NotAllowed with the reason unless allowed."""
        if not self.allowed:
            raise NotAllowed(self.reason)


ALLOW = Verdict(True)


def deny(reason: str) -> Verdict:
    """A refusal with its sentence."""
    return Verdict(False, reason)
