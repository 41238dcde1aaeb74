"""What is under way about the authority: a new committee, and a version that waits for CFO and CEO."""

from datetime import timedelta

from dashboards.demo.company import Cast
from governance import services
from governance.authority_document import empty_step
from governance.services.authority import starting_content
from ledger import clock

COMMITTEE = "AI investment committee"
LIMIT = "3000000"


def propose(cast: Cast) -> None:
    """A committee, all but one of its members confirmed, and the version that would give it a step."""
    office, risk = cast.office[0], cast.risk[0]
    body = services.propose_body(name=COMMITTEE, quorum=2, actor=office)
    services.confirm_body(body, actor=risk)
    members = [services.propose_member(body, user=person, actor=office) for person in cast.board]
    for member in members[:-1]:
        services.confirm_member(member, actor=risk)
    content = starting_content("")
    place = next(i for i, row in enumerate(content["steps"]) if not row["limit"])
    step = empty_step(COMMITTEE, LIMIT, [f"body:{body.pk}"], content["informed_currency"])
    content["steps"].insert(place, step)
    day = clock.today() + timedelta(days=30)
    draft = services.start_authority_draft(actor=office)
    draft = services.save_authority_draft(
        content=content | {"name": "With a committee", "valid_from": day.isoformat()},
        version=draft.version,
        actor=office,
    )
    services.propose_authority(
        version=draft.version,
        reason="Between one and three million a committee that meets every two weeks decides sooner than two "
        "executives who both have to find the time.",
        actor=office,
    )
