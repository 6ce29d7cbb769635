"""A finding in billing words: what a page, a program and the terminal all say."""

from sqlalchemy.orm import Session

from denialml.domain.denial import CauseConfirmation, RootCause, RootCauseFinding
from denialml.domain.record import Judgment
from denialml.modeling.root_cause.cause_sets import COVERAGE
from denialml.modeling.root_cause.practice_learning import is_asked
from denialml.reference import root_causes
from denialml.store.cause_confirmations import standing_confirmations

# Fewer checked denials say too little of how often sets hold the true cause.
FEWEST_CHECKED = 50


class OwnCoverage(Judgment, frozen=True):
    """How often sets held the true cause among this practice's checked denials.

    `checked` are denials chosen at random whose cause a person confirmed and that had
    a set before, `held` those whose set held it.
    """

    checked: int = 0
    held: int = 0


def own_coverage(session: Session, organization_id: str) -> OwnCoverage:
    """Counted over the confirmations that stand."""
    standing = standing_confirmations(session, organization_id).values()
    sets = [one for one in standing if one.was_asked and _had_set(one)]
    held = sum(one.root_cause in one.before.candidates for one in sets)
    return OwnCoverage(checked=len(sets), held=held)


def cause_label(cause: RootCause) -> str:
    """A root cause in our own short words."""
    return root_causes()[cause.value].label


def candidates_in_words(finding: RootCauseFinding | None, *, own: OwnCoverage) -> str:
    """The causes that remain possible, and how often such a statement is right."""
    if finding is None:
        return "The cause has not been worked out yet."
    if finding.confirmed_at is not None:
        return f"Confirmed by a person on {finding.confirmed_at.date().isoformat()}."
    if finding.root_cause is None:
        return (
            "No cause can be told: the payer's codes are not known as a reason of"
            " denial and nothing on file points to one."
        )
    if finding.candidates_coverage is None:
        return (
            "Codes and this claim's records alone: too little history to say which"
            " other causes remain possible."
        )
    if not finding.candidates:
        return "No cause is likely enough to be relied on: a person must look."
    named = [cause_label(one) for one in finding.candidates]
    return f"{_listed(named)}; {set_in_words(own)}."


def check_in_words(denial_id: str, finding: RootCauseFinding | None) -> str:
    """That a denial was chosen for checking; empty for others and checked ones."""
    if not is_asked(denial_id) or finding is None or finding.confirmed_at is not None:
        return ""
    return (
        "This denial was chosen at random for checking: please confirm or correct its"
        " cause. Such denials measure how often the causes are right."
    )


def set_in_words(own: OwnCoverage) -> str:
    """How often the causes that are said to remain hold the true one."""
    if own.checked >= FEWEST_CHECKED:
        return (
            f"{own.held / own.checked:.0%} of such sets held the true cause among"
            f" {own.checked} denials of this practice chosen at random and checked"
        )
    return (
        f"{COVERAGE:.0%} of such sets hold the true cause (measured on simulated"
        " practices)"
    )


def _listed(names: list[str]) -> str:
    """Names in a sentence: "A", "A or B", "A, B or C"."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _had_set(one: CauseConfirmation) -> bool:
    return one.before.candidates_coverage is not None
