"""Appeals: what is attached decides, with traps counting against.

The staff files what it finds on file about the denied claim, forgets some of it and
now and then attaches what it should not. The payer's decision depends on the share of
the evidence required for the cause that is attached and holds, on the payer, and on
being in time. `evidence_score` and `win_chance` are public so that other choices of
documents can be valued by the same law.
"""

from collections.abc import Collection, Iterable
from math import exp

from denialml.domain.denial import RootCause
from denialml.domain.document import Document
from denialml.simulation.about import about_submission
from denialml.simulation.deciding import arrival_day
from denialml.simulation.documents import file_about
from denialml.simulation.payers import Policy
from denialml.simulation.practice import Appeal
from denialml.simulation.reworking import overturn
from denialml.simulation.rules import Rule
from denialml.simulation.state import Sent, State
from denialml.simulation.truth import root_cause

_NOTE = ("progress_note", "crisis_note")
REQUIRED_EVIDENCE: dict[RootCause, tuple[tuple[str, ...], ...]] = {
    RootCause.ELIGIBILITY_COVERAGE: (("eligibility_271",),),
    RootCause.COB_WRONG_PAYER: (("cob_questionnaire",), ("eligibility_271",)),
    RootCause.BENEFIT_COVERAGE: (("benefit_summary",), _NOTE),
    RootCause.BENEFIT_LIMIT: (("benefit_summary",), ("treatment_plan",), _NOTE),
    RootCause.AUTH_MISSING: (("auth_letter", "auth_request_log"), _NOTE),
    RootCause.AUTH_MISMATCH: (("auth_letter",), _NOTE),
    RootCause.MEDICAL_NECESSITY: (
        _NOTE,
        ("treatment_plan",),
        ("intake_evaluation", "level_of_care_tool"),
        ("phq_gad_scores", "level_of_care_tool"),
    ),
    RootCause.DOCUMENTATION_INSUFFICIENT: (_NOTE, ("treatment_plan",)),
    RootCause.CODING_TIME_UNITS: (_NOTE,),
    RootCause.BUNDLING_SAME_DAY: (_NOTE,),
    RootCause.MODIFIER_POS_TELEHEALTH: (("telehealth_consent",), _NOTE),
    RootCause.DIAGNOSIS_CODING: (("intake_evaluation",), _NOTE),
    RootCause.PROVIDER_ELIGIBILITY: (("credentialing_letter",), ("license",)),
    RootCause.NETWORK_REFERRAL: (("referral_form",),),
    RootCause.CLAIM_DATA_ERROR: (_NOTE,),
    RootCause.DUPLICATE_RESUBMISSION: (("277ca_acceptance",), _NOTE),
    RootCause.TIMELY_FILING: (("277ca_acceptance",),),
}
"""Per cause, groups of document kinds of which one each is needed."""

_BASE: dict[RootCause, float] = {
    RootCause.CLAIM_DATA_ERROR: 1.2,
    RootCause.MODIFIER_POS_TELEHEALTH: 1.0,
    RootCause.DOCUMENTATION_INSUFFICIENT: 0.9,
    RootCause.DIAGNOSIS_CODING: 0.8,
    RootCause.COB_WRONG_PAYER: 0.6,
    RootCause.BUNDLING_SAME_DAY: 0.2,
    RootCause.PROVIDER_ELIGIBILITY: -0.2,
    RootCause.CODING_TIME_UNITS: -0.2,
    RootCause.AUTH_MISMATCH: -0.3,
    RootCause.MEDICAL_NECESSITY: -0.4,
    RootCause.NETWORK_REFERRAL: -0.5,
    RootCause.AUTH_MISSING: -0.7,
    RootCause.BENEFIT_LIMIT: -1.0,
    RootCause.DUPLICATE_RESUBMISSION: -1.4,
    RootCause.ELIGIBILITY_COVERAGE: -1.6,
    RootCause.BENEFIT_COVERAGE: -1.6,
    RootCause.TIMELY_FILING: -1.7,
}
_PAYER_ERROR_BASE = 1.6
_HARM = 0.3
_SECOND_LEVEL = frozenset(
    {
        RootCause.MEDICAL_NECESSITY,
        RootCause.AUTH_MISSING,
        RootCause.AUTH_MISMATCH,
        RootCause.DOCUMENTATION_INSUFFICIENT,
        RootCause.CODING_TIME_UNITS,
    }
)
_GOES_ON = 0.45
_ATTACHES = 0.85
_ATTACHES_HARM = 0.2
_PROMPT_DAYS = (5, 45)
_LATE_DAYS = (60, 220)
_LATE_SHARE = 0.08


def evidence_score(
    cause: RootCause, *, serving: Collection[str], harmful: int
) -> float:
    """Share of the required groups met, less .3 per harmful document; 0 to 1.

    `serving` are the kinds of the attached documents that hold for the denied service,
    `harmful` counts those that must not be attached.
    """
    groups = REQUIRED_EVIDENCE[cause]
    met = sum(any(kind in serving for kind in group) for group in groups)
    return max(0.0, met / len(groups) - _HARM * harmful)


def win_chance(
    cause: RootCause,
    *,
    evidence: float,
    payer_error: bool,
    leniency: float,
    late: bool,
    level: int = 1,
) -> float:
    """Probability that the payer overturns; `leniency` is the payer's, in log-odds."""
    if level > 1:
        logit = 0.25 + 1.5 * (evidence - 0.6)
    else:
        base = _PAYER_ERROR_BASE if payer_error else _BASE[cause]
        logit = base + 2.2 * (evidence - 0.6) + leniency
    return 1.0 / (1.0 + exp(-(logit - 2.5 * late)))


def appeal(state: State, policy: Policy, *, sent: Sent, day: int) -> None:
    """File an appeal about a denial received on `day`, with what is on file then."""
    rule = next(cause for cause in sent.causes if cause is not None)
    cause = root_cause(rule, error_cause=policy.error_cause)
    if state.folder is None:
        return
    attached = _attach(state, sent)
    serving = [document.kind for document, serves in attached if serves]
    harmful = [document.document_id for document, serves in attached if not serves]
    _proceed(
        state,
        policy,
        sent=sent,
        cause=cause,
        payer_error=rule is Rule.PAYER_ERROR,
        attached=tuple(document.document_id for document, _ in attached),
        harmful=tuple(harmful),
        score=evidence_score(cause, serving=serving, harmful=len(harmful)),
        day=day,
    )


def _attach(state: State, sent: Sent) -> list[tuple[Document, bool]]:
    folder = state.folder
    assert folder is not None
    folder.touched.clear()
    about = about_submission(state, sent)
    file_about(folder, about)
    served = sent.claim.lines[0].service_date
    assert served is not None
    return [
        (document, serves)
        for document, serves in folder.touched_documents(served)
        if state.random.random() < (_ATTACHES if serves else _ATTACHES_HARM)
    ]


def _proceed(
    state: State,
    policy: Policy,
    *,
    sent: Sent,
    cause: RootCause,
    payer_error: bool,
    attached: Iterable[str],
    harmful: tuple[str, ...],
    score: float,
    day: int,
) -> None:
    """The first level, and the second where it is lost and worth another."""
    random, timeline = state.random, state.timeline
    days = _LATE_DAYS if random.random() < _LATE_SHARE else _PROMPT_DAYS
    filed = timeline.workday(day + random.randint(*days))
    late = filed - day > policy.appeal_window
    for level in (1, 2):
        if filed > timeline.last:
            return
        chance = win_chance(
            cause,
            evidence=score,
            payer_error=payer_error,
            leniency=policy.leniency,
            late=late,
            level=level,
        )
        won = random.random() < chance
        decided = arrival_day(
            state, policy, day=filed + random.randint(10, 35), slow=True
        )
        known = decided <= timeline.last
        state.outputs.appeals.append(
            Appeal(
                patient_control_number=sent.claim.patient_control_number,
                submitted_on=timeline.date(sent.submitted),
                payer_claim_control_number=sent.answer.payer_number,
                payer_id=policy.payer.payer_id,
                root_cause=cause,
                payer_error=payer_error,
                level=level,
                filed_on=timeline.date(filed),
                late=late,
                evidence=tuple(attached),
                harmful=harmful,
                evidence_score=score,
                win_probability=chance,
                decided_on=timeline.date(decided) if known else None,
                won=won if known else None,
            )
        )
        if won:
            overturn(state, policy, sent=sent, received=decided)
        if won or cause not in _SECOND_LEVEL or random.random() >= _GOES_ON:
            return
        filed = timeline.workday(decided + random.randint(10, 40))
