"""Yes, or no with a sentence for the person refused."""

from dataclasses import dataclass

from accounts.errors import InvalidMove, NotAllowed


@dataclass(frozen=True)
class Verdict:
    """The answer of every `may_x`: true or false, and why not: the person, or the state of the object."""

    allowed: bool
    reason: str = ""
    is_about_state: bool = False
    # The rules of segregation that bend for a yes: the act has to give its reason and is marked.
    exceptions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.allowed

    def or_deny(self) -> None:
        """Raise NotAllowed with the reason unless allowed; InvalidMove if only the state is against it."""
        if not self.allowed:
            raise InvalidMove(self.reason) if self.is_about_state else NotAllowed(self.reason)


ALLOW = Verdict(True)


def deny(reason: str) -> Verdict:
    """A refusal with its sentence."""
    return Verdict(False, reason)
