"""What to do about an outgoing claim, in words for its page.

Values that identify a person (member number, name, birth date, gender) are not shown:
the page says which element differs from what the payer's answer has.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from api.pages.rendering import percent
from denialml.domain.edit import Decision, EditFinding
from denialml.domain.fix import ClaimFixes, Edit, Fix, FixBy, FixClass, FixSet, Proof
from denialml.domain.risk import RiskScore
from denialml.fixes import elements
from denialml.rules.words import listed

CLASS_WORDS = {
    FixClass.DATA_CORRECTION: "Correct from your records",
    FixClass.NEEDS_DOCUMENTATION: "Needs a document",
    FixClass.NEEDS_ANOTHER_STEP: "Needs another step",
    FixClass.NEVER_SUGGESTED: "Not suggested",
}
BY_WORDS = {
    FixBy.BILLER: "Biller",
    FixBy.CLINICIAN: "Clinician",
    FixBy.FRONT_DESK: "Front desk",
    FixBy.AUTHORIZATIONS: "Authorizations",
    FixBy.CREDENTIALING: "Credentialing",
    FixBy.COMPLIANCE: "Compliance",
}
ELEMENT_WORDS = {
    elements.MODIFIERS: "Modifiers",
    elements.PROCEDURE_CODE: "Procedure code",
    elements.CHARGE: "Charge",
    elements.UNITS: "Units",
    elements.LINE_PLACE: "Place of service",
    elements.LINE_AUTHORIZATION: "Authorization number",
    elements.TOTAL_CHARGE: "Total charge",
    elements.CLAIM_PLACE: "Place of service",
    elements.FREQUENCY: "Frequency code",
    elements.AUTHORIZATION: "Authorization number",
    elements.ORIGINAL_CLAIM: "Payer's number of the original claim",
    elements.MEMBER_NUMBER: "Member number",
    elements.SUBSCRIBER_LAST_NAME: "Subscriber's last name",
    elements.SUBSCRIBER_BIRTH_DATE: "Subscriber's birth date",
    elements.SUBSCRIBER_GENDER: "Subscriber's gender",
    elements.PATIENT_LAST_NAME: "Patient's last name",
    elements.PATIENT_BIRTH_DATE: "Patient's birth date",
    elements.PATIENT_GENDER: "Patient's gender",
    elements.RENDERING_TAXONOMY: "Rendering provider's taxonomy code",
    elements.LINE_RENDERING_TAXONOMY: "Rendering provider's taxonomy code",
    elements.SUPERVISOR_LAST_NAME: "Supervisor's last name",
    elements.SUPERVISOR_FIRST_NAME: "Supervisor's first name",
    elements.SUPERVISOR_NPI: "Supervisor's NPI",
}
# Loops 2010BA and 2010CA are the subscriber and the patient.
_OF_A_PERSON = ("2010BA ", "2010CA ")
RECORD_WORDS = {
    "authorization": "authorization",
    "eligibility_check": "eligibility answer",
    "encounter": "session note",
    "clinician": "clinician",
    "enrollment": "enrollment",
    "remittance": "remittance",
    "sent_claim": "claim",
    "payer_setting": "payer setting",
    "claim": "this claim",
}
# The store's own number of a payment says nothing to a person.
_NUMBERS_SAY_NOTHING = frozenset({"remittance"})
# Below half a point a risk is shown unchanged.
_SAME_RISK = 0.005


@dataclass(frozen=True)
class EditView:
    """One element that changes. `is_shown` is False where its values identify someone;
    `before` and `after` are empty then, and where nothing stands there."""

    what: str
    place: str
    line_number: int | None
    before: str
    after: str
    is_shown: bool


@dataclass(frozen=True)
class ProofView:
    """What a record on file says. `record` names it, empty where `says` already does;
    `known_on` is None where the day is not known."""

    says: str
    record: str
    known_on: date | None


@dataclass(frozen=True)
class FixView:
    """One fix. `effect` is its risk before and after, in words, or only the one after
    where the model abstains on the claim as it is; empty: not told.

    `settles` and `brings_up` are rule ids.
    """

    statement: str
    class_words: str
    by_words: str
    is_correction: bool
    risks: tuple[float, ...]
    effect: str
    edits: tuple[EditView, ...]
    proofs: tuple[ProofView, ...]
    assumes: str
    settles: tuple[str, ...]
    brings_up: tuple[str, ...]


@dataclass(frozen=True)
class ToDoView:
    """What to do about one claim.

    `do_not_send` says why it must not go out, empty where it may. `steps` are the
    smallest set in order, `risks` the claim's risk before it and after each step;
    `outcome` says what comes of them, or, without steps, where the claim stands; empty
    where only not to send it is to be said.
    `by_correction` says what the corrections alone would do, empty where that is the
    same. A single step's own risks are those of the set, and are not said again.
    `others` are the fixes beside the set, `refused` what is not suggested.
    """

    do_not_send: tuple[str, ...]
    risks: tuple[float, ...]
    protects: str
    steps: tuple[FixView, ...]
    outcome: str
    by_correction: str
    others: tuple[FixView, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class CorrectionView:
    """One correction that a draft can be written of. `is_chosen`: it is of the smallest
    set of corrections, or of the smallest set of all fixes."""

    fix_id: str
    statement: str
    is_chosen: bool


def corrections_of(score: RiskScore) -> tuple[CorrectionView, ...]:
    """The data corrections of a scored claim, those that help most chosen."""
    fixes = score.fixes
    if fixes is None:
        return ()
    sets = [one for one in (fixes.by_correction, fixes.smallest) if one is not None]
    chosen = {fix_id for one in sets for fix_id in one.fix_ids}
    return tuple(
        CorrectionView(one.fix_id, one.statement, one.fix_id in chosen)
        for one in fixes.fixes
        if one.fix_class is FixClass.DATA_CORRECTION
    )


def to_do_view(score: RiskScore) -> ToDoView | None:
    """What to do about a scored claim; None where its fixes were not asked for."""
    fixes = score.fixes
    if fixes is None:
        return None
    by_id = {one.fix_id: one for one in fixes.fixes}
    smallest = fixes.smallest
    in_set = smallest.fix_ids if smallest is not None else ()
    steps = zip(in_set, smallest.risks_after if smallest else (), strict=True)
    risks = _risks(score, smallest)
    several = len(in_set) > 1
    return ToDoView(
        do_not_send=tuple(one.statement for one in fixes.fixes if _waits(one)),
        risks=risks,
        protects=_protected(score, smallest) if smallest is not None else "",
        steps=tuple(
            fix_view(
                by_id[fix_id],
                risks=risks[place : place + 2] if several else (),
                effect=_risk_then(score, after),
            )
            for place, (fix_id, after) in enumerate(steps)
        ),
        outcome=_outcome(score, fixes),
        by_correction=_by_correction(score, fixes, by_id),
        others=tuple(
            _alone(one, score)
            for one in fixes.fixes
            if one.fix_id not in in_set and not _waits(one) and not _is_refused(one)
        ),
        refused=tuple(one.statement for one in fixes.fixes if _is_refused(one)),
    )


def remedy_of(finding: EditFinding, fixes: ClaimFixes | None) -> str:
    """A finding's fix, or where the page already says what settles it."""
    settling = [
        one.fix_id
        for one in (fixes.fixes if fixes is not None else ())
        if finding.rule_id in one.resolves
    ]
    if fixes is None or not settling:
        return finding.fix
    steps = fixes.smallest.fix_ids if fixes.smallest is not None else ()
    for number, fix_id in enumerate(steps, start=1):
        if fix_id in settling:
            return f"Step {number} settles it."
    return "Its fix stands above."


def fix_view(fix: Fix, *, risks: tuple[float, ...] = (), effect: str = "") -> FixView:
    """A fix in words; `risks` are the claim's before and after it."""
    return FixView(
        statement=fix.statement,
        class_words=CLASS_WORDS[fix.fix_class],
        by_words=BY_WORDS[fix.fix_by],
        is_correction=fix.fix_class is FixClass.DATA_CORRECTION,
        risks=risks if len(risks) == 2 else (),
        effect=effect,
        edits=tuple(map(edit_view, fix.edits)),
        proofs=tuple(map(_proof_view, fix.proofs)),
        assumes=fix.assumes,
        settles=fix.resolves,
        brings_up=fix.raises,
    )


def edit_view(edit: Edit) -> EditView:
    """An element that changes; what identifies a person stays off the page."""
    is_shown = not edit.field.startswith(_OF_A_PERSON)
    return EditView(
        what=ELEMENT_WORDS[edit.field],
        place=edit.field,
        line_number=edit.line_number,
        before=edit.before if is_shown else "",
        after=edit.after if is_shown else "",
        is_shown=is_shown,
    )


def dollars_words(amount: Decimal | None) -> str:
    """An estimate in whole dollars; empty where there is none to speak of."""
    if amount is None or amount <= 0:
        return ""
    return f"${amount:,.0f}" if amount >= 1 else "under $1"


def _protected(score: RiskScore, found: FixSet) -> str:
    """What a set protects; empty where the model abstains, whose dollars would rest on
    a risk that is no estimate."""
    return "" if score.abstains else dollars_words(found.dollars_protected)


def _proof_view(proof: Proof) -> ProofView:
    number = proof.record_id
    is_said = not number or number in proof.says
    named = not is_said and proof.record_kind not in _NUMBERS_SAY_NOTHING
    return ProofView(
        says=proof.says,
        record=f"{RECORD_WORDS[proof.record_kind]} {number}" if named else "",
        known_on=proof.known_on,
    )


def _alone(fix: Fix, score: RiskScore) -> FixView:
    """A fix beside the smallest set: what it does by itself."""
    before, after = score.probability, fix.risk_after
    if after is None or score.abstains:
        return fix_view(fix, effect=_risk_then(score, after))
    if abs(before - after) < _SAME_RISK:
        return fix_view(fix, effect="Risk as before")
    protects = dollars_words(fix.dollars_protected)
    return fix_view(
        fix,
        risks=(before, after),
        effect=f"by itself, protects {protects}" if protects else "by itself",
    )


def _risk_then(score: RiskScore, after: float | None) -> str:
    """The risk with a fix, where the claim as it is has none; else empty."""
    if not score.abstains or after is None:
        return ""
    return f"Risk then {percent(after)}"


def _outcome(score: RiskScore, fixes: ClaimFixes) -> str:
    smallest = fixes.smallest
    if smallest is None:
        return _standing(score, fixes)
    accepted = fixes.accepted_risk
    last = smallest.risks_after[-1] if smallest.risks_after else None
    if smallest.reaches:
        within = f"the risk is then within the accepted {percent(accepted)}, and"
        nothing = "nothing holds the claim any more."
        return _capital(nothing if last is None else f"{within} {nothing}")
    still = []
    if last is None and not score.abstains:
        still.append("too little is known of the claim as it then is to tell its risk")
    if last is not None and last > accepted:
        left, limit = _apart(last, accepted)
        still.append(f"the risk stays at {left}, above the accepted {limit}")
    if smallest.still_found:
        verb = "holds" if len(smallest.still_found) == 1 else "hold"
        still.append(f"{listed(smallest.still_found)} still {verb} the claim")
    return f"The best that was found: {', and '.join(still)}. A person decides."


def _standing(score: RiskScore, fixes: ClaimFixes) -> str:
    """Where a claim stands for which there is no set of fixes."""
    beside = [one for one in fixes.fixes if not _is_refused(one) and not _waits(one)]
    settled = any(one.resolves for one in beside)
    if any(map(_waits, fixes.fixes)):
        return "What else was found can be settled meanwhile:" if settled else ""
    risk, accepted = score.probability, fixes.accepted_risk
    is_held = score.decision is not None and score.decision.decision is Decision.HOLD
    is_risky = not score.abstains and risk > accepted
    if is_risky:
        now, limit = _apart(risk, accepted)
        said = (
            f"Nothing that the records on file allow brings the risk of {now} down to"
            f" the accepted {limit}."
        )
    elif is_held:
        # Steps follow that may lift it: they are somebody's work, no correction.
        said = "No correction that the records on file prove lifts the hold."
        return f"{said} These steps settle what was found:" if settled else said
    elif score.abstains:
        said = "No finding holds the claim."
    else:
        within = f"The risk is within the accepted {percent(accepted)}"
        if not any(one.verdict == "found" for one in score.findings):
            return f"{within}, and the claim rules found nothing."
        said = f"{within}, and no finding holds the claim."
    return f"{said} What was found can still be settled:" if settled else said


def _by_correction(score: RiskScore, fixes: ClaimFixes, by_id: dict[str, Fix]) -> str:
    """What the corrections do alone, where that is not what the steps do."""
    alone = fixes.by_correction
    if alone is None:
        return ""
    names = listed([_name(by_id[fix_id], fixes) for fix_id in alone.fix_ids])
    risks = _risks(score, alone)
    said = f"From your records alone ({names})"
    then = _risk_then(score, alone.risks_after[-1])
    if risks:
        said += f": risk {percent(risks[0])} to {percent(risks[-1])}"
    elif then:
        said += f": {then[0].lower()}{then[1:]}"
    protects = _protected(score, alone)
    return f"{said}, protects {protects}." if protects else f"{said}."


def _name(fix: Fix, fixes: ClaimFixes) -> str:
    """A fix by its step, or by its kind where it is none of the steps."""
    steps = fixes.smallest.fix_ids if fixes.smallest is not None else ()
    if fix.fix_id in steps:
        return f"step {steps.index(fix.fix_id) + 1}"
    return fix.kind.replace("_", " ")


def _risks(score: RiskScore, found: FixSet | None) -> tuple[float, ...]:
    """The risk before the set and after each of its fixes; empty: cannot be told."""
    if found is None or score.abstains:
        return ()
    after = tuple(one for one in found.risks_after if one is not None)
    return (score.probability, *after) if len(after) == len(found.fix_ids) else ()


def _apart(risk: float, accepted: float) -> tuple[str, str]:
    """Two risks in words that do not read the same where one is above the other."""
    words = percent(risk), percent(accepted)
    if words[0] != words[1]:
        return words
    return f"{risk:.1%}", f"{accepted:.1%}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _waits(fix: Fix) -> bool:
    return fix.stops


def _is_refused(fix: Fix) -> bool:
    return fix.fix_class is FixClass.NEVER_SUGGESTED
