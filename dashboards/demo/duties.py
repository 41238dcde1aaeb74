"""Deputies, break-glass and a review of access: what an auditor looks for besides decisions."""

from datetime import timedelta

from django.db import transaction

from accounts import glass
from accounts.models import Role, User
from dashboards.demo.company import Cast
from governance.reviews import lines_for
from governance.services.deputies import confirm_deputy, name_deputy
from governance.services.reviews import answer_line, open_review
from ledger import clock

ANSWERED = 12


@transaction.atomic
def tell_duties(cast: Cast) -> None:
    """As of today: the CFO is away for ten days, an account was closed at night, a review is half done."""
    cfo, ceo, officer = (User.objects.get(pk=user.pk) for user in (cast.cfo, cast.ceo, cast.risk[0]))
    head = User.objects.get(pk=next(iter(cast.heads.values())).pk)
    today = clock.today()
    away = name_deputy(
        head,
        valid_from=today,
        valid_to=today + timedelta(days=9),
        limit=250_000,
        reason="Ten days of leave; what can wait waits.",
        actor=cfo,
    )
    confirm_deputy(away, actor=officer)
    on_call = next(iter(cast.owners.values()))[0]
    asked = glass.ask(
        on_call,
        role=Role.ADMINISTRATOR,
        unit=cast.root,
        minutes=30,
        reason="A lost laptop at night: its owner's account has to be closed and no administrator answers.",
        actor=User.objects.get(pk=cast.office[0].pk),
    )
    for person in (officer, ceo):
        glass.grant(asked, actor=person)
    review = open_review(actor=None)
    for line in lines_for(officer, review).exclude(person=officer)[:ANSWERED]:
        answer_line(line, keep=True, actor=officer)
