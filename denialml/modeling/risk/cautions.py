"""What a risk cannot be trusted for, said beside it in plain words."""

from datetime import date

from denialml.domain.chain import REPLACEMENT
from denialml.domain.claim import Claim
from denialml.modeling.knowledge.history import History
from denialml.modeling.risk.bundle import BundleFacts

# With fewer answers most rates of a payer and a code rest on the wider rate they are
# drawn towards: about ten answers for each of fifty pairs, where the wider rate counts
# for eight (`RateTable.prior_weight`).
FEW_ANSWERS = 500


def cautions_about(
    history: History, facts: BundleFacts, *, as_of: date
) -> tuple[str, ...]:
    """Of every claim scored as of this day: too little history, a model too late."""
    found = []
    known = history.answers_known
    if not known:
        found.append(
            f"Scored with no history before {as_of}: no remittance answer was known"
            " by then, so the risk rests on what is on file and on general rates."
        )
    elif known < FEW_ANSWERS:
        found.append(
            f"Scored with almost no history before {as_of}: only {known:,} remittance"
            f" answer{'s' if known > 1 else ''} to claim lines"
            f" {'were' if known > 1 else 'was'} known by then."
        )
    trained_as_of = date.fromisoformat(facts.training.trained_as_of)
    if as_of < trained_as_of:
        found.append(
            f"The model has seen the future of {as_of}: it was trained on answers"
            f" received before {trained_as_of}. What it would have said on that day,"
            " a backtest tells."
        )
    return tuple(found)


def claim_cautions(claim: Claim) -> tuple[str, ...]:
    """Of one claim: corrected claims are not what the model learnt from."""
    if claim.frequency_code != REPLACEMENT:
        return ()
    return (
        "This is a corrected claim (frequency 7): the model was trained on original"
        " claims only, and payers judge corrected ones otherwise.",
    )
