"""Planning controls, showing that they hold, checking that, and excepting one for a while."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

from accounts import segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from assurance import selectors
from assurance.models import (
    Control,
    ControlCheck,
    ControlEvidence,
    ControlException,
    ControlPlan,
)
from assurance.permissions import (
    may_check,
    may_check_this,
    may_evidence,
    may_except,
    may_keep,
    may_plan,
)
from assurance.services.common import flag_expiry, require_reason, tell
from ledger import clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Attachment, Initiative

LONGEST_EXCEPTION = 365


def plan_controls(
    initiative: Initiative, *, codes: Sequence[str], owner: User, due_on: date, text: str, actor: User
) -> list[ControlPlan]:
    """Say who sees to some controls, by when and how. Raises NotAllowed, InvalidMove or Refused."""
    errors = {}
    if not text.strip():
        errors["text"] = "Write how it will be done."
    if due_on < clock.today():
        errors["due_on"] = "Choose today or a day to come."
    if errors:
        raise Refused("This can't be planned so.", errors)
    with record("control.planned", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_plan(actor, initiative).or_deny()
        lifecycle.require_open(initiative)
        controls = _applying(initiative, codes)
        act.note(controls=[control.code for control in controls])
        return act.add_many(
            ControlPlan,
            [
                ControlPlan(
                    initiative=initiative,
                    code=control.code,
                    owner=owner,
                    due_on=due_on,
                    text=text.strip(),
                    by=actor,
                )
                for control in controls
            ],
        )


def _applying(initiative: Initiative, codes: Sequence[str]) -> list[Control]:
    """The initiative's own controls of these codes. Raises Refused when one does not apply."""
    own = {row.control.code: row.control for row in selectors.controls_of(initiative) if row.due}
    if not codes or not set(codes) <= set(own):
        raise Refused(
            "Choose controls that apply to it.", {"codes": "Choose at least one control that applies."}
        )
    return [own[code] for code in dict.fromkeys(codes)]


def supply_control_evidence(
    initiative: Initiative | None,
    *,
    codes: Sequence[str],
    text: str,
    dated: date,
    link: str = "",
    attachment: Attachment | None = None,
    actor: User,
) -> list[ControlEvidence]:
    """Show that some controls hold: a text, and a link or a file; it expires when its review is due.

    Without an initiative it is about controls held once for the organisation. Newer evidence replaces older.
    Raises NotAllowed, InvalidMove or Refused.
    """
    text, link = text.strip(), link.strip()
    errors = {}
    if not text:
        errors["text"] = "Write what shows that it holds."
    if dated > clock.today():
        errors["dated"] = "Evidence can't be of a day to come."
    if attachment is not None and (initiative is None or attachment.initiative_id != initiative.pk):
        errors["attachment"] = "Choose a file that is kept with this initiative."
    if errors:
        raise Refused("This is no evidence yet.", errors)
    name = "control.evidenced" if initiative is not None else "organisation_control.evidenced"
    with record(name, actor=actor, about=initiative) as act:
        if initiative is not None:
            initiative = lifecycle.lock(initiative)
            may_evidence(actor, initiative).or_deny()
            lifecycle.require_open(initiative)
            controls = _applying(initiative, codes)
        else:
            may_keep(actor).or_deny()
            controls = _held_for_all(codes)
        if old := [row.code for row in controls if dated + timedelta(days=row.review_days) < clock.today()]:
            raise Refused(
                "This evidence is out of date.",
                {"dated": f"Evidence of that day has expired for {', '.join(old)}."},
            )
        seen = f"{text}\n{link}\n{attachment.sha256 if attachment is not None else ''}"
        content_hash = hashlib.sha256(seen.encode()).hexdigest()
        found = act.add_many(
            ControlEvidence,
            [
                ControlEvidence(
                    initiative=initiative,
                    code=control.code,
                    text=text,
                    link=link,
                    attachment=attachment,
                    content_hash=content_hash,
                    dated=dated,
                    expires_on=dated + timedelta(days=control.review_days),
                    by=actor,
                )
                for control in controls
            ],
        )
        act.note(controls=[control.code for control in controls], content_hash=content_hash)
        if initiative is not None:
            flag_expiry(act, initiative)
        return found


def _held_for_all(codes: Sequence[str]) -> list[Control]:
    held = {row.control.code: row.control for row in selectors.controls_of_the_organisation()}
    if not codes or not set(codes) <= set(held):
        raise Refused(
            "Choose controls of the organisation.",
            {"codes": "Choose at least one control that is held once for all."},
        )
    return [held[code] for code in dict.fromkeys(codes)]


def check_controls(
    initiative: Initiative | None, *, codes: Sequence[str], concurs: bool, reason: str = "", actor: User
) -> list[ControlCheck]:
    """A risk officer concurs with the newest evidence of some controls, or sends it back with the reason.

    Raises NotAllowed, Refused without a reason to send it back, InvalidMove without evidence to check.
    """
    if not concurs:
        reason = require_reason(reason)
    name = "control.checked" if initiative is not None else "organisation_control.checked"
    with record(name, actor=actor, about=initiative, reason=reason) as act:
        if initiative is not None:
            initiative = lifecycle.lock(initiative)
            rows = selectors.controls_of(initiative)
        else:
            rows = selectors.controls_of_the_organisation()
        standing = {row.control.code: row for row in rows if row.is_inherited == (initiative is None)}
        if not codes or not set(codes) <= set(standing):
            raise Refused("Choose controls.", {"codes": "Choose at least one control that applies."})
        if initiative is not None:
            verdict = may_check(actor, initiative)
            verdict.or_deny()
            segregation.mark(act, verdict, reason=reason, by=actor)
        chosen = [standing[code] for code in dict.fromkeys(codes)]
        checks = []
        for row in chosen:
            if row.evidence is None or row.check is not None:
                raise InvalidMove(f"{row.control.code} has no evidence that waits for a check.")
            may_check_this(actor, row.evidence).or_deny()
            checks.append(
                ControlCheck(evidence=row.evidence, concurs=concurs, reason=reason.strip(), by=actor)
            )
        found = act.add_many(ControlCheck, checks)
        act.note(controls=[row.control.code for row in chosen], concurs=concurs)
        if initiative is not None:
            flag_expiry(act, initiative)
            if not concurs:
                tell(
                    [initiative.owner, *{row.evidence.by for row in chosen if row.evidence is not None}],
                    subject=f"{initiative.reference}: evidence sent back",
                    sentence=f"{actor} sent back {selectors.in_words(chosen)}: {reason.strip()}",
                    path=f"{initiative.get_absolute_url()}?tab=risk",
                )
        return found


def except_control(
    initiative: Initiative, *, code: str, reason: str, expires_on: date, actor: User
) -> ControlException:
    """A risk officer lets a control rest until a day. Raises NotAllowed, InvalidMove or Refused."""
    reason = require_reason(reason)
    last = clock.today() + timedelta(days=LONGEST_EXCEPTION)
    if not clock.today() < expires_on <= last:
        raise Refused(
            "An exception ends.", {"expires_on": f"Choose a day to come, {last:%-d %b %Y} at the latest."}
        )
    with record("control.excepted", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_except(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        lifecycle.require_open(initiative)
        try:
            control = _applying(initiative, [code])[0]
        except Refused as error:
            raise Refused(error.sentence, {"code": "Choose a control that applies."}) from error
        act.note(control=control.code, expires_on=expires_on)
        found = act.add(
            ControlException,
            initiative=initiative,
            code=control.code,
            reason=reason,
            expires_on=expires_on,
            by=actor,
        )
        flag_expiry(act, initiative)
        tell(
            [initiative.owner, *selectors.holders(Role.UNIT_LEAD, initiative.unit)],
            subject=f"{initiative.reference}: exception from {control.code}",
            sentence=f"{actor} lets “{control.title}” rest until {expires_on:%-d %b %Y}: {reason}",
            path=f"{initiative.get_absolute_url()}?tab=risk",
        )
        return found
