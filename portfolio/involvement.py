"""Who has a hand in an initiative, and so is kept out of deciding on it."""

from collections.abc import Iterable
from operator import attrgetter

from accounts.models import User
from portfolio.models import Appointment, BusinessCase, CaseEditor, Initiative, Part


def acting_for(person: int) -> list[int]:
    """The person and the service accounts that they answer for."""
    return [person, *User.objects.filter(answers_for_it=person).values_list("pk", flat=True)]


def accounts_of(user: User) -> list[int]:
    """The same for a user, read once a request."""
    cached: list[int] | None = getattr(user, "_accounts", None)
    if cached is None:
        cached = acting_for(user.person.pk)
        user._accounts = cached  # type: ignore[attr-defined]
    return cached


def is_behind(user: User, *accounts: int | None) -> bool:
    """Whether one of these accounts is the user, or a service account that the user answers for."""
    return not set(accounts).isdisjoint(accounts_of(user))


def answering_for(accounts: Iterable[int]) -> set[int]:
    """The people who answer for the service accounts among these."""
    found = User.objects.filter(pk__in=list(accounts)).values_list("answers_for_it", flat=True)
    return {pk for pk in found if pk is not None}


def involvements(user: User, initiatives: Iterable[Initiative]) -> dict[int, str]:
    """The same for many, in a constant number of queries: those in which the user has a hand, by id."""
    return {pk: words[0] for pk, words in hands_in(user, initiatives).items()}


def hands_in(user: User, initiatives: Iterable[Initiative]) -> dict[int, list[str]]:
    """All that the user has to do with each of them, the closest first; who is free of one has no entry."""
    rows = {initiative.pk: initiative for initiative in initiatives}
    person = user.person.pk
    acting = accounts_of(user)
    assessed = Appointment.objects.filter(initiative__in=rows, person_id=person, part=Part.ASSESSOR)
    edited = CaseEditor.objects.filter(case__initiative__in=rows, user__in=acting)
    sent = BusinessCase.objects.filter(initiative__in=rows, submitted_by__in=acting)
    found: dict[int, list[str]] = {}

    def add(word: str, initiatives: Iterable[int]) -> None:
        for pk in dict.fromkeys(initiatives):
            found.setdefault(pk, []).append(word)

    add("submitted", sent.values_list("initiative", flat=True))
    for word, holder, people in (
        ("started", attrgetter("created_by_id"), acting),
        ("own", attrgetter("owner_id"), [person]),
        ("sponsor", attrgetter("sponsor_id"), [person]),
    ):
        add(word, (pk for pk, initiative in rows.items() if holder(initiative) in people))
    add("scored", assessed.values_list("initiative", flat=True))
    add("edited", edited.values_list("case__initiative", flat=True))
    return found


def everybody_in(initiative: Initiative) -> dict[str, set[int]]:
    """All people who have a hand in one initiative by the word of `hands_in`, in a few queries.

    The people who answer for a service account that has one are in it too.
    """
    sent = BusinessCase.objects.filter(initiative=initiative).values_list("submitted_by", flat=True)
    edited = CaseEditor.objects.filter(case__initiative=initiative).values_list("user", flat=True)
    scored = Appointment.objects.filter(initiative=initiative, part=Part.ASSESSOR)
    found: dict[str, set[int | None]] = {
        "submitted": set(sent),
        "started": {initiative.created_by_id},
        "own": {initiative.owner_id},
        "sponsor": {initiative.sponsor_id},
        "scored": set(scored.values_list("person", flat=True)),
        "edited": set(edited),
    }
    acting = [pk for word in ("submitted", "started", "edited") for pk in found[word] if pk is not None]
    answers = dict(
        User.objects.filter(pk__in=acting, is_service_account=True).values_list("pk", "answers_for_it")
    )
    for word in ("submitted", "started", "edited"):
        found[word] |= {answers[pk] for pk in found[word] if pk in answers}
    return {word: {pk for pk in people if pk is not None} for word, people in found.items()}
