"""The acts of the model workshop: draft, propose, approve or refuse, publish, score again what is open."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Max, Q
from django.urls import reverse

from accounts.errors import Changed, DomainError, Incomplete, InvalidMove, Refused
from accounts.models import RoleGrant, User
from accounts.notices import notify
from ledger import clock
from ledger.services import Act, record
from portfolio.models import Initiative
from scoring import engine, model_selectors, positions, workshop
from scoring.models import (
    Criterion,
    ModelApproval,
    ModelDraft,
    ModelProposal,
    ModelPublication,
    Rescore,
    RescoreJob,
    ReturnPosition,
    ScoringModel,
    ScoringRound,
)
from scoring.permissions import (
    APPROVERS,
    may_approve_model,
    may_draft_model,
    may_propose_model,
    may_rescore,
    seat_of,
)
from scoring.selectors import model_of
from scoring.services import computed_inputs_of
from scoring.workshop import Content

NOBODY_DRAFTS = "No draft is open. A published version never changes: start a draft of the next one."


# The draft -----------------------------------------------------------------------------------


@transaction.atomic
def start_model_draft(*, actor: User) -> ModelDraft:
    """Start the next version from the one in force.

    Raises NotAllowed, or InvalidMove when a draft is open already.
    """
    may_draft_model(actor).or_deny()
    if ModelDraft.objects.exists():
        raise InvalidMove("A draft of the next version is open already.")
    model = ScoringModel.objects.in_force()
    return ModelDraft.objects.create(
        based_on=model,
        content=workshop.content_of(model_of(model)),
        writers=[actor.person.pk],
        started_by=actor,
        updated_by=actor,
    )


@transaction.atomic
def save_model_draft(*, content: Content, version: int, actor: User) -> ModelDraft:
    """Save the draft that was opened at `version`, whole or not.

    Raises NotAllowed, InvalidMove when no draft is open or it was proposed, Changed when someone saved it
    meanwhile, with what differs.
    """
    may_draft_model(actor).or_deny()
    draft = _locked_draft()
    _require_seen(draft, version, content)
    draft.content = content
    draft.version, draft.updated_at, draft.updated_by = draft.version + 1, clock.now(), actor
    draft.writers = sorted({*draft.writers, actor.person.pk})
    draft.save(update_fields=["content", "version", "updated_at", "updated_by", "writers"])
    return draft


@transaction.atomic
def discard_model_draft(*, version: int, actor: User) -> None:
    """Throw the draft away. Raises NotAllowed, InvalidMove, or Changed when it was saved meanwhile."""
    may_draft_model(actor).or_deny()
    draft = _locked_draft()
    _require_seen(draft, version, draft.content)
    draft.delete()


def draft_to_write() -> ModelDraft:
    """The open draft. Raises InvalidMove when there is none, or when it was proposed."""
    return _writable(model_selectors.open_draft())


def _locked_draft() -> ModelDraft:
    drafts = ModelDraft.objects.select_for_update(of=("self",))
    return _writable(drafts.select_related("based_on", "proposed", "updated_by").first())


def _writable(draft: ModelDraft | None) -> ModelDraft:
    if draft is None:
        raise InvalidMove(NOBODY_DRAFTS)
    if draft.proposed is not None:
        raise InvalidMove(
            f"Version {draft.proposed.version} is proposed and frozen: it changes no more. "
            "If it is refused, the draft goes on."
        )
    return draft


def _require_seen(draft: ModelDraft, version: int, content: Content) -> None:
    if draft.version != version:
        raise Changed(
            f"{draft.updated_by} saved the draft after you opened it.",
            changes=workshop.changes(content, draft.content),
            version=draft.version,
        )


# Proposing -----------------------------------------------------------------------------------


def propose_model(*, version: int, reason: str, rounds_may_finish: bool, actor: User) -> ModelProposal:
    """Freeze the draft as the next version and put it before CFO and CEO.

    Raises NotAllowed, InvalidMove (no draft, proposed already, nothing changed), Changed when it was saved
    meanwhile, Incomplete with what is wrong by field, Refused without a reason or over running rounds.
    """
    with record("model.proposed", actor=actor, reason=reason.strip()) as act:
        may_propose_model(actor).or_deny()
        draft = _locked_draft()
        _require_seen(draft, version, draft.content)
        if missing := workshop.check(draft.content):
            raise Incomplete("This draft can't be proposed yet.", missing)
        in_force = ScoringModel.objects.in_force()
        if not workshop.changes(workshop.content_of(model_of(in_force)), draft.content):
            raise InvalidMove(f"The draft says the same as version {in_force.version}: nothing to propose.")
        if not reason.strip():
            raise Refused("Say why.", {"reason": "Say why the model should change."})
        running = model_selectors.rounds_cut_off()
        if running and not rounds_may_finish:
            raise Refused("Scoring is under way.", {"rounds_may_finish": cut_off(running)})
        newest = ScoringModel.objects.aggregate(newest=Max("version"))["newest"] or 0
        frozen = _freeze(draft, newest + 1, act=act, actor=actor)
        content = workshop.content_of(model_of(ScoringModel.objects.get(pk=frozen.pk)))
        proposal = act.add(
            ModelProposal,
            model=frozen,
            based_on=in_force,
            content_hash=workshop.hash_of(content),
            reason=reason.strip(),
            writers=draft.writers,
            rounds_may_finish=rounds_may_finish,
            proposed_by=actor,
        )
        act.about(frozen)
        act.note(version=frozen.version, content_hash=proposal.content_hash)
        draft.proposed = frozen
        draft.save(update_fields=["proposed"])
        _tell(
            APPROVERS,
            subject=f"Version {frozen.version} of the scoring model waits for you",
            sentence=f"{actor} proposes it: {reason.strip()}",
            path=reverse("model-proposal", args=[frozen.version]),
            but={actor.pk},
        )
        return proposal


def _freeze(draft: ModelDraft, version: int, *, act: Act, actor: User) -> ScoringModel:
    rules = workshop.model_from(draft.content, version)
    frozen = act.add(
        ScoringModel, version=version, name=rules.title, settings=rules.settings(), drafted_by=actor
    )
    act.add_many(
        Criterion,
        [
            Criterion(
                model=frozen,
                position=position,
                key=row["key"],
                dimension=row["dimension"],
                title=row["title"],
                question=row["question"],
                weight=row["weight"],
                kind=row["kind"],
                levels=row["levels"],
                knots=row["knots"] if row["kind"] == engine.Kind.COMPUTED else [],
                direction=row["direction"] if row["kind"] == engine.Kind.COMPUTED else "",
            )
            for position, row in enumerate(_in_order(draft.content), start=1)
        ],
    )
    return frozen


def _in_order(content: Content) -> list[workshop.Row]:
    """The criteria by dimension, as pages list them."""
    return [
        row
        for dimension in content["dimensions"]
        for row in content["criteria"]
        if row["dimension"] == dimension["key"]
    ]


def cut_off(running: Sequence[ScoringRound]) -> str:
    """Why a version can't replace the rules under these rounds, and what can be done."""
    named = ", ".join(round_.initiative.reference for round_ in running[:5])
    more = f" and {len(running) - 5} more" if len(running) > 5 else ""
    are = "is" if len(running) == 1 else "are"
    return f"{named}{more} {are} being scored: close it first, or let what runs finish under its version."


# Approving -----------------------------------------------------------------------------------


@transaction.atomic
def approve_model(
    proposal: ModelProposal, *, vote: str, reason: str = "", seen_hash: str, actor: User
) -> ModelApproval:
    """Record one vote; the second for it publishes the version, one against closes the proposal.

    Raises NotAllowed, InvalidMove when it is not open any more or rounds would be cut off, Changed when what
    was seen is not what is there, Refused for no vote or a refusal without a reason.
    """
    if vote not in ModelApproval.Vote.values:
        raise Refused("Vote for or against.", {"vote": "Choose to approve or to refuse."})
    is_against = vote == ModelApproval.Vote.AGAINST
    if is_against and not reason.strip():
        raise Refused("A refusal needs a reason.", {"reason": "Say what should change."})
    verb = "model.refused" if is_against else "model.approved"
    with record(verb, actor=actor, about=proposal.model, reason=reason.strip()) as act:
        draft = _locked_proposed(proposal)
        may_approve_model(actor, proposal).or_deny()
        if seen_hash != proposal.content_hash or seen_hash != _hash_now(proposal):
            raise Changed("This is not the version that you saw: open it again and read it.")
        approval = act.add(
            ModelApproval,
            model=proposal.model,
            by=actor,
            role=seat_of(actor, proposal),
            vote=vote,
            reason=reason.strip(),
            seen_hash=seen_hash,
        )
        act.note(version=proposal.model.version, content_hash=seen_hash, role=approval.role)
        if is_against:
            _reopen(draft, proposal, reason.strip(), actor)
    votes = {each.role: each for each in ModelApproval.objects.filter(model=proposal.model)}
    if not is_against and set(votes) == set(APPROVERS):
        _publish(proposal, draft, votes, actor=actor)
    return approval


def _locked_proposed(proposal: ModelProposal) -> ModelDraft:
    """The draft of an open proposal, under its lock: two people who vote at once come one after the other."""
    draft = ModelDraft.objects.select_for_update(of=("self",)).filter(proposed=proposal.model).first()
    if draft is not None:
        return draft
    version = proposal.model.version
    if ModelPublication.objects.filter(model=proposal.model).exists():
        raise InvalidMove(f"Version {version} is published already.")
    raise InvalidMove(f"Version {version} was refused; the portfolio office goes on with its draft.")


def _hash_now(proposal: ModelProposal) -> str:
    stored = ScoringModel.objects.prefetch_related("criteria").get(pk=proposal.model_id)
    return workshop.hash_of(workshop.content_of(model_of(stored)))


def _reopen(draft: ModelDraft, proposal: ModelProposal, reason: str, actor: User) -> None:
    draft.proposed = None
    draft.version += 1
    draft.save(update_fields=["proposed", "version"])
    notify(
        proposal.proposed_by,
        subject=f"Version {proposal.model.version} of the scoring model was refused",
        sentence=f"{actor}: {reason}",
        path=reverse("model-draft"),
    )


def _publish(
    proposal: ModelProposal, draft: ModelDraft, votes: Mapping[str, ModelApproval], *, actor: User
) -> None:
    """Put the version in force, in the transaction of the second vote."""
    running = model_selectors.rounds_cut_off()
    if running and not proposal.rounds_may_finish:
        raise InvalidMove(cut_off(running))
    with record("model.published", actor=actor, about=proposal.model) as act:
        first, second = sorted(votes.values(), key=lambda each: each.pk)
        act.add(ModelPublication, model=proposal.model, by=first.by, co_signed_by=second.by)
        act.note(version=proposal.model.version, content_hash=proposal.content_hash)
        # Each return names the version whose settings it was computed by.
        act.marks("return", ReturnPosition.objects.values_list("pk", flat=True))
        draft.delete()
    notify(
        proposal.proposed_by,
        subject=f"Version {proposal.model.version} of the scoring model is in force",
        sentence="CFO and CEO approved it. What is open can be scored again under it.",
        path=reverse("model-rescore"),
    )


def _tell(roles: Sequence[str], *, subject: str, sentence: str, path: str, but: set[int]) -> None:
    grants = RoleGrant.objects.active().filter(role__in=roles, user__is_active=True)
    people = {grant.user_id: grant.user for grant in grants.select_related("user")}
    for pk, person in people.items():
        if pk not in but:
            notify(person, subject=subject, sentence=sentence, path=path)


# Scoring again -------------------------------------------------------------------------------

# Each batch is one entry of the ledger, so that progress stays and nobody waits long for a lock.
BATCH = 200
LEASE = timedelta(minutes=5)


@transaction.atomic
def ask_for_rescore(*, actor: User) -> RescoreJob:
    """Ask for everything open to be scored again under the version in force; a worker does it.

    Raises NotAllowed, or InvalidMove when nothing is open or a re-score is under way.
    """
    may_rescore(actor).or_deny()
    model = ScoringModel.objects.in_force()
    if RescoreJob.objects.filter(model=model, state__in=["waiting", "running"]).exists():
        raise InvalidMove(f"A re-score under version {model.version} is under way already.")
    waiting = model_selectors.to_rescore(model)
    if not waiting:
        raise InvalidMove(f"Every open score stands under version {model.version} already.")
    return RescoreJob.objects.create(model=model, by=actor, total=len(waiting))


def claim_rescore() -> RescoreJob | None:
    """Take a waiting job, or one whose worker died, for some minutes; None when there is none."""
    now = clock.now()
    free = Q(state=RescoreJob.State.WAITING) | Q(state=RescoreJob.State.RUNNING, lease_until__lt=now)
    for pk in RescoreJob.objects.filter(free).order_by("pk").values_list("pk", flat=True)[:5]:
        taken = RescoreJob.objects.filter(free, pk=pk)
        if taken.update(state=RescoreJob.State.RUNNING, lease_until=now + LEASE):
            return RescoreJob.objects.select_related("model", "by").get(pk=pk)
    return None


def run_rescore(job: RescoreJob) -> None:
    """Carry out a job batch by batch. Run twice or broken off, each scoring is redone once."""
    try:
        while rescore_batch(job):
            RescoreJob.objects.filter(pk=job.pk).update(lease_until=clock.now() + LEASE)
    except DomainError as error:
        RescoreJob.objects.filter(pk=job.pk).update(state=RescoreJob.State.REFUSED, sentence=error.sentence)
        return
    RescoreJob.objects.filter(pk=job.pk).update(state=RescoreJob.State.DONE, sentence="")


def rescore_batch(job: RescoreJob, size: int = BATCH) -> int:
    """Score the next open cases again under the job's version; how many.

    Raises NotAllowed when whoever asked lost the role, InvalidMove when another version came into force.
    """
    chosen = model_selectors.to_rescore(job.model)[:size]
    if not chosen:
        return 0
    with record("scores.redone", actor=job.by, about=job.model) as act:
        may_rescore(job.by).or_deny()
        if ScoringModel.objects.in_force().pk != job.model_id:
            raise InvalidMove("Another version came into force meanwhile: ask again.")
        wanted = [round_.initiative_id for round_ in chosen]
        # In the order of their numbers, as everyone locks them; then look again at what still stands open.
        list(Initiative.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk"))
        open_ones = [
            round_ for round_ in model_selectors.to_rescore(job.model, wanted) if round_ in set(chosen)
        ]
        inputs = computed_inputs_of(job.model, [round_.initiative_id for round_ in open_ones])
        act.add_many(
            Rescore,
            [
                Rescore(
                    round=round_,
                    initiative_id=round_.initiative_id,
                    model=job.model,
                    computed_inputs=inputs[round_.initiative_id],
                )
                for round_ in open_ones
            ],
        )
        act.note(version=job.model.version, scores=len(open_ones))
        act.marks("score", [round_.initiative_id for round_ in open_ones])
        RescoreJob.objects.filter(pk=job.pk).update(done=F("done") + len(open_ones))
    positions.refresh_scores(wanted)
    return len(open_ones)
