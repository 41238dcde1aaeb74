"""One initiative from its first draft to where it stands today, each act by the product's own service."""

from collections.abc import Generator, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeAlias

from accounts.errors import EnvelopeExceeded, Incomplete
from accounts.models import Role, User
from dashboards.demo import cases, risks, running, texts
from dashboards.demo.company import DOMAINS
from dashboards.demo.gates import fulfilled
from dashboards.demo.history import Diary, Life
from dashboards.demo.plans import Course, Line, Plan, actual_benefit, actual_cost, draw_plan
from dashboards.demo.story import Fate, Story
from dashboards.demo.world import World
from governance import authority, commitments, gates, obstacles, pack, services
from governance.models import Decision, SigningRound, Tranche, Verb
from portfolio import lifecycle
from portfolio import services as portfolio
from portfolio.case import add_months, months_between
from portfolio.models import CaseDraft, Initiative, Stage
from portfolio.selectors import fiscal_year_of
from scoring import services as scoring
from scoring.models import Dimension, ReturnPosition, ScorecardAssignment, ScorecardRating, ScoringRound
from scoring.positions import refresh_returns
from scoring.reconciliation import lying_apart

Opened: TypeAlias = Generator[datetime, None, SigningRound]

FROM_SUBMISSION_TO_DECISION = 33
ENDS_BEFORE_MONEY = frozenset({Fate.REFUSED, Fate.WITHDRAWN, Fate.REJECTED, Fate.MERGED})
RUNS = frozenset({Fate.FUNDED, Fate.HOLD, Fate.EXPIRED, Fate.STOPPED_EARLY, Fate.STOPPED, Fate.RETIRED})
NOT_ROLLED_OUT = frozenset({Fate.HOLD, Fate.EXPIRED, Fate.STOPPED_EARLY, Fate.STOPPED})
# How many days ago those were submitted that wait for something today; they go on at an even pace.
SUBMITTED_AGO: dict[Fate, int] = {
    Fate.SUBMITTED: 3,
    Fate.SUBMITTED_NEW: 1,
    Fate.SUBMITTED_TIER: 4,
    Fate.SUBMITTED_READY: 6,
    Fate.ASSESSMENT_CASE: 9,
    Fate.ASSESSMENT_NONE: 12,
    Fate.ASSESSMENT_PART: 16,
    Fate.ASSESSMENT_READY: 15,
    Fate.ASSESSMENT_SCORED: 16,
    Fate.DECISION_PROPOSE: 19,
    Fate.DECISION_UNSIGNED: 21,
    Fate.DECISION_LAST_VOTE: 25,
    Fate.DECISION_RISK: 25,
    Fate.REDESIGN: 40,
    Fate.REFUSED: 78,
}
LIGHT_AGO = 9
# How often two assessors of one case give the same rating.
SEES_THE_SAME: dict[str, float] = {Dimension.FEASIBILITY: 0.85, Dimension.COST: 0.8, Dimension.IMPACT: 0.7}
# What was asked for since then waits for finance today.
STILL_ASKED_DAYS = 45
# The largest wait longest: past the thirty days that were promised.
LARGEST_AGO = 31


class Road:
    """The life of one story. `course` is what comes of its plan; Keel sees only its postings and claims."""

    def __init__(
        self,
        world: World,
        story: Story,
        rng: Random,
        *,
        number: int,
        begun: int,
        course: Course,
        currency: str,
    ) -> None:
        self.world, self.story, self.rng, self.number, self.course = world, story, rng, number, course
        self.submitted_on = self._submission(begun)
        decided = (self.submitted_on + timedelta(days=FROM_SUBMISSION_TO_DECISION)).date().replace(day=1)
        if story.fate not in RUNS and story.fate not in ENDS_BEFORE_MONEY:
            decided = max(decided, world.present.date().replace(day=1))
        start = add_months(decided, 1)
        if fiscal_year_of(start) != fiscal_year_of(decided):
            start = decided
        self.currency = currency
        self.plan: Plan | None = None
        if story.size != "N":
            self.plan = draw_plan(story, rng, start=start, currency=currency)
        cast, place = world.cast, story.place
        division = cast.division_of[place]
        self.unit, self.lead, self.contributor = (
            cast.units[place],
            cast.leads[place],
            cast.contributors[place],
        )
        self.owner, self.sponsor = rng.choice(cast.owners[place]), rng.choice(cast.sponsors[division])
        if story.fate in SUBMITTED_AGO:
            # The accounts that people try are named in what waits today, and are the last to sign.
            self.owner, self.sponsor = cast.owners[place][0], cast.sponsors[division][0]
        if story.fate == Fate.REDESIGN and division == "Technology":
            self.owner = cast.owners["sd"][0]
        self.benefit_owner = cast.benefit_owners[place]
        self.head = cast.heads[division]
        self.board = rng.sample(cast.board, len(cast.board))
        if story.fate in SUBMITTED_AGO:
            self.board = cast.board[::-1]
        self.funded_on: date | None = None
        self.over_on: date | None = None
        self.initiative: Initiative
        self.diary = Diary(self.submitted_on - timedelta(days=40), rng.randint(8, 15), rng.randint(0, 59))

    def _submission(self, begun: int) -> datetime:
        if self.story.fate in SUBMITTED_AGO:
            days = SUBMITTED_AGO[self.story.fate]
            if self.story.size == "S":
                days = min(days, LIGHT_AGO)
            elif self.story.fate == Fate.DECISION_LAST_VOTE and self.story.size == "X":
                days = LARGEST_AGO
            return self.world.ago(days)
        if self.story.fate in {Fate.DRAFT, Fate.DRAFT_FULL}:
            return self.world.ago(-30)
        month = add_months(self.world.present.date().replace(day=1), -begun)
        decided = self.world.present.replace(year=month.year, month=month.month, day=self.rng.randint(10, 22))
        return decided - timedelta(days=FROM_SUBMISSION_TO_DECISION)

    def has_ended(self) -> bool:
        """Whether it was closed."""
        return self.over_on is not None

    # Words ---------------------------------------------------------------------------------

    def say(self, variants: tuple[str, ...]) -> str:
        """One of the variants, with the story's figures in it."""
        return self._filled(self.rng.choice(variants))

    def _filled(self, text: str) -> str:
        goal = self.story.goal
        return text.format(kpi=goal.name, target=goal.target, unit=goal.unit)

    def after(self, earliest: float, latest: float) -> datetime:
        """A moment in office hours so many days after the last act of this life."""
        if self.story.fate in SUBMITTED_AGO:
            earliest = latest = (earliest + latest) / 2
        return self.diary.on(self.diary.last + timedelta(days=self.rng.uniform(earliest, latest)))

    def own_diary(self) -> Diary:
        """A second diary, for what goes on beside the main line."""
        return Diary(self.world.now, self.rng.randint(8, 15), self.rng.randint(0, 59))

    # The main line -------------------------------------------------------------------------

    def life(self) -> Life:
        """All of it, as far as time allows."""
        fate = self.story.fate
        yield from self._draft()
        if fate in {Fate.DRAFT, Fate.DRAFT_FULL}:
            return
        yield self.diary.on(self.submitted_on)
        gates.submit(self.initiative, actor=self.lead)
        self.initiative.refresh_from_db()
        yield from self._settle()
        if fate in {Fate.SUBMITTED, Fate.SUBMITTED_NEW, Fate.SUBMITTED_TIER, Fate.SUBMITTED_READY}:
            return
        if self.story.tier == "prohibited":
            yield self.after(2, 6)
            services.withdraw(self.initiative, reason=self.story.why, actor=self.lead)
            return
        yield from self._triage()
        match self.story.size:
            case "N":
                return
            case "S" if fate == Fate.WITHDRAWN:
                yield from self._withdraw()
            case "S":
                yield from self._decide()
            case _:
                yield from self._assess()

    def _draft(self) -> Life:
        story, rng = self.story, self.rng
        wait = rng.randint(5, 24)
        match story.fate:
            case Fate.DRAFT | Fate.DRAFT_FULL:
                begins = self.world.ago(rng.randint(2, 9))
            case Fate.SUBMITTED_NEW:
                begins = self.submitted_on - timedelta(days=3)
            case _:
                begins = self.submitted_on - timedelta(days=wait)
        yield self.diary.on(max(begins, self.world.teller.now))
        author = self.lead if story.fate == Fate.DRAFT_FULL else self.contributor
        if story.fate not in {Fate.DRAFT, Fate.DRAFT_FULL} and rng.random() < 0.4:
            author = self.lead
        self.initiative = portfolio.start_proposal(self.unit, title=story.title, actor=author)
        content = cases.registration(
            story, rng, plan=self.plan, currency=self.currency, owner=self.owner, sponsor=self.sponsor,
            similar=self._similar(),
        )  # fmt: skip
        if story.fate == Fate.DRAFT:
            content = {
                key: content[key] for key in ("title", "summary", "problem", "process", "process_depth")
            }
        if story.size == "S" and self.plan is not None:
            content |= self._completion(self.plan)
        self._save(content, author)

    def _similar(self) -> list[dict[str, str]]:
        known = [
            (kin, self.world.roads[kin.key])
            for kin in self.story.kin
            if kin.key in self.world.roads and hasattr(self.world.roads[kin.key], "initiative")
        ]
        return [
            {"reference": road.initiative.reference, "relation": kin.relation, "explanation": kin.explanation}
            for kin, road in known
        ]

    def _completion(self, plan: Plan) -> dict[str, Any]:
        return cases.completion(
            self.story, self.rng, plan=plan, benefit_owner=self.benefit_owner, today=self.world.now.date(),
            number=self.number,
        )  # fmt: skip

    def _save(self, content: Mapping[str, Any], actor: User) -> None:
        version = CaseDraft.objects.values_list("version", flat=True).get(initiative=self.initiative)
        portfolio.save_draft(self.initiative, content=content, version=version, actor=actor)

    def _settle(self) -> Life:
        """What triage asks: the sponsor's word, tier, domain and overlap."""
        fate, cast, initiative = self.story.fate, self.world.cast, self.initiative
        if fate == Fate.SUBMITTED_NEW:
            return
        if fate != Fate.SUBMITTED:
            yield self.after(0.5, 2)
            portfolio.confirm_sponsorship(
                initiative, sentence=self.say(texts.SPONSORSHIP), actor=self.sponsor
            )
        if fate in {Fate.SUBMITTED, Fate.SUBMITTED_TIER}:
            return
        yield self.after(0.2, 1.5)
        officer = self.rng.choice(cast.risk)
        reason = self.say(texts.TIERS[self.story.tier])
        if self.story.tier == "high":
            risks.set_tier(self, reason=reason, officer=officer)
        else:
            portfolio.classify(initiative, "risk_tier", self.story.tier, reason=reason, actor=officer)
        yield self.after(0.2, 1)
        office = self.rng.choice(cast.office)
        portfolio.classify(initiative, "domain", DOMAINS[self.story.place], actor=office)
        similar = self._similar()
        relation = similar[0]["relation"] if similar else "none"
        portfolio.classify(
            initiative, "overlap", relation, reason=self.say(texts.OVERLAP[relation]), actor=office
        )

    def _triage(self) -> Life:
        yield self.after(0.2, 1.2)
        track = {"N": "notify", "S": "light"}.get(self.story.size, "full")
        gates.triage(self.initiative, track=track, actor=self.rng.choice(self.world.cast.office))
        self.initiative.refresh_from_db()

    def _withdraw(self) -> Life:
        yield self.after(4, 12)
        services.withdraw(self.initiative, reason=self.story.why, actor=self.lead)

    # Assessment ----------------------------------------------------------------------------

    def _assess(self) -> Life:
        fate, cast, rng = self.story.fate, self.world.cast, self.rng
        if fate == Fate.ASSESSMENT_CASE or self.plan is None:
            return
        if fate == Fate.WITHDRAWN:
            yield from self._withdraw()
            return
        yield self.after(2, 5)
        self._save(self._completion(self.plan), self.contributor)
        yield self.after(0.5, 2)
        gates.complete_case(self.initiative, actor=self.lead)
        self.initiative.refresh_from_db()
        yield self.after(0.5, 1.5)
        office = rng.choice(cast.office)
        if fate == Fate.REDESIGN:
            gates.return_to_draft(self.initiative, reason=self.story.why, actor=office)
            yield self.after(5, 9)
            named = [
                *self._completion(self.plan)["risks"],
                {"text": self.story.why, "response": "Being worked on"},
            ]
            self._save({"risks": named}, self.owner)
            return
        scoring_round = scoring.open_scoring(self.initiative, actor=office)
        yield from self._score(scoring_round, office)
        if fate in {Fate.ASSESSMENT_NONE, Fate.ASSESSMENT_PART, Fate.ASSESSMENT_READY}:
            return
        yield self.after(0.5, 1.5)
        self._compare(scoring_round)
        scoring.close_scoring(
            scoring_round,
            evidence_grade=cases.GRADES[self.story.work],
            reason=texts.CLOSED_APART,
            actor=office,
        )
        if fate == Fate.ASSESSMENT_SCORED:
            return
        yield self.after(0.3, 1)
        if self.story.tier == "high":
            risks.plan(self)
        try:
            gates.record_case(self.initiative, actor=office)
        except Incomplete as lacking:
            reason = f"{lacking.sentence} Come back when the open points are worked out."
            gates.return_to_draft(self.initiative, reason=reason, actor=office)
            return
        self.initiative.refresh_from_db()
        yield from self._decide()

    def _score(self, scoring_round: ScoringRound, office: User) -> Life:
        """Assign and complete scorecards; for those that wait today, the last one or all are open."""
        fate, rng = self.story.fate, self.rng
        fitting = [user for home, user in self.world.cast.assessors if home != self.story.place]
        waits = fate in {Fate.ASSESSMENT_NONE, Fate.ASSESSMENT_PART}
        # The assessors whom people try come last, so that something waits for them.
        chosen = (
            fitting[: scoring_round.required][::-1] if waits else rng.sample(fitting, scoring_round.required)
        )
        due_on = self.world.now.date() + timedelta(days=10)
        assigned = [scoring.assign(scoring_round, user, due_on=due_on, actor=office) for user in chosen]
        done = {Fate.ASSESSMENT_NONE: 0, Fate.ASSESSMENT_PART: len(assigned) - 1}.get(fate, len(assigned))
        for assignment in assigned[:done]:
            yield self.after(1, 3.5)
            self._complete(assignment)

    def _compare(self, scoring_round: ScoringRound) -> None:
        """Where ratings lie apart the lowest comes up to within one of the highest, or stands by it."""
        # Draws of its own, so that the rest of the life stays as it was.
        rng = Random(f"{self.initiative.reference} compares")
        for apart in lying_apart([scoring_round])[scoring_round.pk]:
            known = [(each.counts, each.rating.scorecard.assignment) for each in apart.given if each.counts]
            (low, modest), (high, keen) = (
                pick(known, key=lambda pair: (pair[0], pair[1].pk)) for pick in (min, max)
            )
            moves = rng.random() < 0.6
            answers = [
                (modest, high - 1 if moves else low, texts.COMES_UP if moves else texts.STANDS_LOW),
                (keen, high, texts.STANDS_HIGH),
            ]
            for assignment, rating, reasons in answers[: 1 + (rng.random() < 0.5)]:
                scoring.answer_reconciliation(
                    assignment,
                    criterion=apart.criterion.key,
                    rating=rating,
                    reason=rng.choice(reasons),
                    actor=assignment.assessor,
                )

    def _complete(self, assignment: ScorecardAssignment) -> None:
        ratings: dict[str, dict[str, Any]] = {}
        # People who read the same case mostly see the same; draws of its own, as above.
        earlier = ScorecardRating.objects.filter(scorecard__assignment__round=assignment.round_id)
        seen = dict(earlier.order_by("-scorecard").values_list("criterion", "rating"))
        shared = Random(f"{self.initiative.reference} {len(seen)} {assignment.assessor.email}")
        for criterion in self.world.criteria:
            low = 3 if criterion.dimension == "feasibility" else 2
            weights = [0.32, 0.5, 0.18] if low == 3 else [0.08, 0.34, 0.43, 0.15]
            rating = self.rng.choices(range(low, 6), weights)[0]
            reason = ""
            if rating == 5:
                reason = self.say(texts.HIGH_MARKS[criterion.key])
            if criterion.pk in seen and shared.random() < SEES_THE_SAME[criterion.dimension]:
                rating = seen[criterion.pk] or rating
            if rating == 5 and not reason:
                reason = self._filled(shared.choice(texts.HIGH_MARKS[criterion.key]))
            ratings[criterion.key] = {
                "rating": rating,
                "confidence": self.rng.choice(("low", "medium", "medium", "high")),
                "reason": reason,
            }
        scoring.complete_scorecard(
            assignment, ratings=ratings, comment=self.say(texts.SCORE_COMMENTS), actor=assignment.assessor
        )

    # Deciding ------------------------------------------------------------------------------

    def _decide(self) -> Life:
        """G3, in whichever way it goes."""
        fate, initiative = self.story.fate, self.initiative
        if fate == Fate.DECISION_PROPOSE:
            return
        if self.story.tier == "high":
            yield self.after(0.3, 1)
            risks.show(self, "G3")
        yield self.after(0.5, 2)
        match fate:
            case Fate.REJECTED:
                yield from self._end(Verb.STOP)
                return
            case Fate.MERGED:
                yield from self._end(Verb.MERGE)
                return
            case Fate.REFUSED:
                yield from self._refuse()
                return
        signing = yield from self._propose_when_there_is_room(texts.PROPOSE_GO)
        left = {Fate.DECISION_UNSIGNED: 9, Fate.DECISION_LAST_VOTE: 1, Fate.DECISION_RISK: 1}.get(fate, 0)
        yield from self._sign_all(signing, texts.SIGN_GO, left=left)
        if left:
            return
        decision = Decision.objects.get(signing=signing)
        self.funded_on = self.world.now.date()
        initiative.refresh_from_db()
        self.world.teller.start(fulfilled(self, decision))
        self.world.teller.start(self._release(decision))
        yield from self._run()

    def _propose_when_there_is_room(self, reasons: tuple[str, ...]) -> Opened:
        """Propose to go; on hold, or while the year that pays has no envelope yet, it waits."""
        while True:
            self.initiative.refresh_from_db()
            if not lifecycle.holding(self.initiative):
                risks.show(self, "G3" if self.initiative.stage == Stage.DECISION else "G4")
                try:
                    return self._propose(reasons)
                except Incomplete as lacking:
                    if "room" not in lacking.missing:
                        raise
            yield self.after(14, 20)

    def _propose(self, reasons: tuple[str, ...]) -> SigningRound:
        initiative, rng = self.initiative, self.rng
        refresh_returns([initiative.pk])
        amount = commitments.suggested_amount(initiative)
        case = initiative.current_case
        if case is None:
            raise ValueError(f"{self.story.key} has no case.")
        if initiative.track == "light":
            first = amount
        elif initiative.stage == Stage.DECISION:
            first = _hundreds(pack.first_tranche_limit(initiative, case, amount) * rng.randint(70, 100) / 100)
        else:
            weights = commitments.weights_by_year(
                commitments.cost_by_month(case),
                before=commitments.granted(case),
                amount=amount,
                on=self.world.now.date(),
            )
            first = weights[min(weights)]
        conditions: list[dict[str, Any]] = []
        if initiative.track == "full" and rng.random() < 0.15:
            due = self.world.now.date() + timedelta(days=rng.randint(60, 110))
            conditions = [{"text": self.say(texts.CONDITIONS), "owner_id": self.owner.pk, "due": due}]
        return services.open_signing(
            initiative,
            verb=Verb.GO_WITH_CONDITIONS if conditions else Verb.GO,
            amount=amount,
            first_tranche=first,
            reason=self.say(reasons),
            conditions=conditions,
            actor=rng.choice(self.world.cast.office),
        )

    def _sign_all(self, signing: SigningRound, reasons: tuple[str, ...], *, left: int = 0) -> Life:
        """Sign, seat after seat, until only `left` places are open."""
        while places := authority.open_places(signing, authority.votes_for(signing)):
            if sum(place.votes for place in places) <= left:
                return
            yield self.after(0.5, 2.5)
            # On the light track finance signs first, so that it is the unit head's turn.
            role = places[-1].role if signing.step.position == 1 else places[0].role
            self._vote(signing, self._signatory(role, signing), "for", self.say(reasons))

    def _vote(self, signing: SigningRound, person: User, vote: str, reason: str) -> None:
        services.sign(signing, vote=vote, reason=reason, seen_hash=signing.content_hash, actor=person)

    def _signatory(self, role: str, signing: SigningRound) -> User:
        cast = self.world.cast
        people = {
            Role.UNIT_HEAD: [self.head],
            Role.FINANCE: cast.finance,
            Role.BOARD_MEMBER: self.board,
            Role.CFO: [cast.cfo],
            Role.CEO: [cast.ceo],
            Role.RISK_OFFICER: cast.risk,
        }[Role(role)]
        signed = {vote.by_id for vote in authority.votes_for(signing)}
        return next(user for user in people if user.pk not in signed)

    def _end(self, verb: Verb) -> Life:
        """A decision that grants nothing."""
        refresh_returns([self.initiative.pk])
        other = self.world.roads[self.story.kin[0].key].initiative if verb == Verb.MERGE else None
        signing = services.open_signing(
            self.initiative,
            verb=verb,
            reason=self.story.why,
            merge_into=other,
            actor=self.rng.choice(self.world.cast.office),
        )
        yield from self._sign_all(signing, (self.story.why,))
        self._over()

    def _refuse(self) -> Life:
        """A 'go' that the majority of the board refuses, and the 'stop' that follows."""
        signing = self._propose(texts.PROPOSE_GO)
        yield self.after(1, 3)
        self._vote(signing, self.board[0], "for", self.say(texts.SIGN_GO))
        yield self.after(1, 3)
        for member in self.board[1:3]:
            self._vote(signing, member, "against", self.story.why)
        yield self.after(8, 14)
        yield from self._end(Verb.STOP)

    # Money ---------------------------------------------------------------------------------

    def _release(self, decision: Decision) -> Life:
        """The tranches of one decision as they fall due."""
        diary, initiative, cast = self.own_diary(), self.initiative, self.world.cast
        for tranche in Tranche.objects.filter(decision=decision).order_by("number"):
            is_first = tranche.number == 1
            due = max(diary.last, moment_of(tranche.due_on, self.world.now))
            yield diary.on(due + timedelta(days=self.rng.uniform(2, 5 if is_first else 12)))
            while self._is_held_back() and not self.has_ended():
                yield diary.on(diary.last + timedelta(days=14))
            if self.has_ended() or (self.story.fate == Fate.STOPPED_EARLY and not is_first):
                return
            if self.story.fate == Fate.EXPIRED and not is_first:
                # It never earned more, and nobody asks for it.
                return
            tranche.initiative = initiative
            if tranche.earned_by and initiative.stage in {Stage.PILOT, Stage.SCALING}:
                services.request_tranche(
                    tranche,
                    evidence=self.say(texts.TRANCHE_EVIDENCE),
                    actor=self.rng.choice((self.lead, self.owner)),
                )
                if self.world.now > self.world.ago(STILL_ASKED_DAYS):
                    return
                yield diary.on(diary.last + timedelta(days=self.rng.uniform(4, 13)))
                if self.has_ended() or self._is_held_back():
                    return
            try:
                services.release_tranche(tranche, reason=self.say(texts.RELEASES), actor=cast.finance[0])
            except EnvelopeExceeded:
                # Its fiscal year has not enough appropriated; the tranche waits for a supplement.
                return

    def _is_held_back(self) -> bool:
        self.initiative.refresh_from_db()
        return bool(lifecycle.holding(self.initiative) or obstacles.obstacles_of(self.initiative))

    # Running -------------------------------------------------------------------------------

    @property
    def live(self) -> date:
        """The month in which people begin to use it, as it comes, not as it was planned."""
        if self.plan is None:
            raise ValueError(f"{self.story.key} has no plan.")
        return add_months(self.plan.go_live, self.course.delay)

    def _run(self) -> Life:
        """From the decision on: what goes on beside, and the gates that follow."""
        fate, start = self.story.fate, self.world.teller.start
        start(self._reach_milestones())
        start(self._measure())
        start(self._claim())
        start(self._talk())
        if self.plan is not None:
            start(
                running.first_use(
                    self.world, self.initiative, self.story, moment_of(self.live, self.world.now)
                )
            )
        start(running.renewal(self.world, self.initiative, self.story))
        if fate == Fate.FUNDED and self.rng.random() < 0.07:
            start(self._pause())
        match fate:
            case Fate.STOPPED_EARLY:
                yield self.after(70, 120)
                yield from self._end(Verb.STOP)
            case Fate.STOPPED:
                yield from self._stop_late()
            case Fate.HOLD:
                yield self.diary.on(self.world.ago(19))
                until = (self.world.present + timedelta(days=54)).date()
                portfolio.place_hold(
                    self.initiative, until=until, reason=self.story.why, actor=self.world.cast.office[0]
                )
            case Fate.EXPIRED:
                yield self.diary.on(moment_of(self.live, self.world.now) + timedelta(days=215))
                portfolio.comment(self.initiative, text=texts.EXPIRED_NOTE, actor=self.owner)
            case _ if self.story.size == "S":
                yield from self._review()
            case _:
                yield from self._scale()
                yield from self._operate()
                yield from self._review()
                if fate == Fate.RETIRED:
                    yield from self._retire()

    def _scale(self) -> Life:
        """G4 within the pilot's clock; where the next year has no envelope yet, it waits for one."""
        yield self.diary.on(moment_of(self.live, self.world.now) + timedelta(days=self.rng.randint(118, 165)))
        services.supply_evidence(
            self.initiative, item_key="pilot_evidence", text=self.say(texts.PILOT_EVIDENCE), actor=self.owner
        )
        yield self.after(1, 3)
        signing = yield from self._propose_when_there_is_room(texts.SCALE_GO)
        yield from self._sign_all(signing, texts.SCALE_SIGN)
        self.initiative.refresh_from_db()
        decision = Decision.objects.get(signing=signing)
        self.world.teller.start(fulfilled(self, decision))
        self.world.teller.start(self._release(decision))

    def _operate(self) -> Life:
        """G5: the benefit owner takes it, the risk officer agrees."""
        yield self.after(55, 110)
        evidence = {key: self.say(variants) for key, variants in texts.OPERATION_EVIDENCE.items()}
        risks.show(self, "G5")
        gates.accept_operation(
            self.initiative, evidence=evidence, reason=self.say(texts.ACCEPT_OWNER), actor=self.benefit_owner
        )
        yield self.after(1, 4)
        gates.accept_operation(
            self.initiative, reason=self.say(texts.ACCEPT_RISK), actor=self.rng.choice(self.world.cast.risk)
        )
        self.initiative.refresh_from_db()

    def _review(self) -> Life:
        """G6: the CFO sets the outcome that Keel computes, once enough months are attested."""
        months = 8 if self.story.size == "S" else 13
        yield self.diary.on(
            max(
                self.diary.last + timedelta(days=20), moment_of(add_months(self.live, months), self.world.now)
            )
        )
        while gates.attested_months(self.initiative) < 6 or (outcome := self._outcome()) not in texts.LESSONS:
            yield self.after(40, 50)
        gates.set_outcome(
            self.initiative,
            outcome=outcome,
            reason=self.say(texts.OUTCOME_REASONS[outcome]),
            lessons=self.say(texts.LESSONS[outcome]),
            actor=self.world.cast.cfo,
        )
        self.initiative.refresh_from_db()

    def _outcome(self) -> str:
        """What Keel computes from the facts up to now."""
        refresh_returns([self.initiative.pk])
        return ReturnPosition.objects.values_list("on_course_to", flat=True).get(initiative=self.initiative)

    def _retire(self) -> Life:
        yield self.diary.on(max(self.diary.last + timedelta(days=30), self.world.ago(46)))
        gates.retire(self.initiative, reason=self.story.why, evidence=texts.RETIREMENT, actor=self.owner)
        yield self.after(2, 6)
        gates.retire(self.initiative, reason=self.story.why, actor=self.world.cast.office[0])
        self._over()

    def _stop_late(self) -> Life:
        """Scaled on weak evidence or left in its pilot, and stopped by the CEO when the money is gone."""
        if self.story.size == "X" or (self.story.size == "L" and self.story.work == "built"):
            yield from self._scale()
        yield self.after(150, 200)
        services.stop(self.initiative, reason=self.story.why, actor=self.world.cast.ceo)
        self._over()

    # What it costs -------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether it was funded and is not closed."""
        return self.funded_on is not None and not self.has_ended()

    def bills(self, month: date) -> Iterator[tuple[Line, Decimal]]:
        """What its cost lines cost in a month: from the decision to its end."""
        if self.plan is None or self.funded_on is None:
            return
        if self.over_on is not None and month > self.over_on:
            return
        for line in self.plan.costs:
            amount = actual_cost(self.plan, line, self.course, month, self.rng)
            if amount:
                yield line, amount

    def _over(self) -> None:
        self.over_on = self.world.now.date()

    # Beside the main line ------------------------------------------------------------------

    def _reach_milestones(self) -> Life:
        if self.plan is None:
            return
        diary, length = self.own_diary(), max(1, self.plan.months_to_go_live)
        for row in cases.milestones(self.story, self.plan):
            due = date.fromisoformat(row["due_on"])
            share = min(1.0, (months_between(self.plan.start, due) + 1) / length)
            late = timedelta(days=30 * self.course.delay * share + self.rng.randint(-6, 4))
            yield diary.on(moment_of(due, self.world.now) + late)
            if self.has_ended() or (row["key"] == "rollout" and self.story.fate in NOT_ROLLED_OUT):
                return
            portfolio.reach_milestone(
                self.initiative, key=row["key"], on=self.world.now.date(), actor=self.contributor
            )

    def _measure(self) -> Life:
        """The KPI each quarter from the first use on."""
        diary, goal = self.own_diary(), self.story.goal
        baseline, target = Decimal(goal.baseline), Decimal(goal.target)
        places = Decimal("0.01") if "." in goal.baseline else Decimal("0.1")
        months = 2
        while True:
            month = add_months(self.live, months - 1)
            yield diary.on(
                moment_of(add_months(month, 1), self.world.now) + timedelta(days=self.rng.randint(3, 9))
            )
            if self.has_ended():
                return
            way = min(1.0, months / 9) * min(1.15, self.course.benefit) * self.rng.uniform(0.9, 1.08)
            value = max(Decimal(0), baseline + (target - baseline) * Decimal(str(round(way, 4)))).quantize(
                places
            )
            portfolio.measure(
                self.initiative,
                kpi_key="goal",
                month=month,
                value=value,
                note=self.say(texts.MEASURE_NOTES),
                actor=self.contributor,
            )
            months += 3

    def _claim(self) -> Life:
        """What each month brought, by line, also when that is nothing."""
        if self.plan is None:
            return
        diary, plan, month = self.own_diary(), self.plan, self.plan.go_live
        while True:
            yield diary.on(
                moment_of(add_months(month, 1), self.world.now).replace(day=self.rng.randint(9, 13))
            )
            if self.has_ended():
                return
            for line in plan.benefits:
                amount = actual_benefit(plan, line, self.course, month, self.rng)
                if amount is not None:
                    self.world.claims.append(
                        portfolio.claim_benefit(
                            self.initiative,
                            line_key=line.key,
                            month=month,
                            amount=amount,
                            evidence=self.say(texts.CLAIM_EVIDENCE[line.category]),
                            actor=self.lead,
                        )
                    )
            month = add_months(month, 1)

    def _talk(self) -> Life:
        diary, cast = self.own_diary(), self.world.cast
        people = (self.owner, self.lead, self.contributor, cast.office[0], cast.finance[1], self.sponsor)
        for _ in range(self.rng.choice((0, 0, 1, 1, 2))):
            yield diary.on(diary.last + timedelta(days=self.rng.randint(15, 160)))
            portfolio.comment(self.initiative, text=self.say(texts.COMMENTS), actor=self.rng.choice(people))

    def _pause(self) -> Life:
        """A hold in the months of delivery, lifted before its day."""
        diary, office = self.own_diary(), self.rng.choice(self.world.cast.office)
        yield diary.on(diary.last + timedelta(days=self.rng.randint(25, 45)))
        until = self.world.now.date() + timedelta(days=45)
        portfolio.place_hold(self.initiative, until=until, reason=self.say(texts.HOLD_REASONS), actor=office)
        yield diary.on(diary.last + timedelta(days=self.rng.randint(14, 30)))
        portfolio.lift_hold(self.initiative, reason="The reason is gone.", actor=office)


def moment_of(day: date, like: datetime) -> datetime:
    """The beginning of a day, in the time zone of a moment."""
    return like.replace(
        year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
    )


def _hundreds(amount: Decimal) -> Decimal:
    """Down to whole hundreds, if there are any."""
    return max(amount - amount % 100, min(amount, Decimal(100))).quantize(Decimal("0.01"))
