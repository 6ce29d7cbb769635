"""What a model card answers to each source attribute.

`STANDING_ANSWERS` hold for every model that denialml trains; `measured_answers` are
computed from the run; `NOT_ASSESSED` says why there is no answer.
"""

from collections.abc import Sequence

from denialml.modeling.retraining.measured import GroupMeasures, Measured
from denialml.modeling.retraining.run_report import RunReport
from denialml.modeling.risk.bundle import Bundle

STANDING_ANSWERS = {
    "1.i": "The contributors of denialml, an open-source project, reached through its"
    " issue tracker. The model was trained by the organization that uses it.",
    "1.ii": "The project names no funder.",
    "1.iii": "For each claim and each of its lines, the probability that the payer"
    " first answers with a denial (or pays less for a denial reason), with the"
    " contribution of each feature in log-odds.",
    "1.iv": "A prediction (a probability between 0 and 1) of an administrative event.",
    "2.i": "To decide before submission which claims a biller looks at again, and what"
    " to look at.",
    "2.ii": "Claims of patients of the behavioral-health practice that trained it. No"
    " statement about a patient's health is made.",
    "2.iii": "Billing staff of that practice, and whoever maintains the model.",
    "2.iv": "It informs a person, who decides. It neither changes, holds nor sends a"
    " claim.",
    "3.i": "Not for deciding on care, scheduling, admission or discharge; not for"
    " choosing patients or payers; not for claims of another practice, inpatient or"
    " dental claims; corrected claims get a warning, void claims no score.",
    "3.ii": "A payer's new rule is not known before its first answers. With little"
    " history the rates rest on wider ones; scores then carry a warning. A cause that"
    " leaves no trace in the records (medical necessity, claim-data faults) is not"
    " foreseen. A person who only works high risks sees fewer of the other denials.",
    "4.ii": "None. Age, sex, race, ethnicity, language, sexual orientation, gender"
    " identity and social factors are no features. Payer, plan, code and place take"
    " part through denial rates learnt from remittances, and can stand in for income"
    " or disability; see the subgroups.",
    "4.iv": "The training data are the using practice's own, up to the training day.",
    "5.i": "No demographic is a feature; performance by age band, sex and payer type is"
    " reported on every run, and a promotion compares payers one by one.",
    "5.ii": "Probabilities are calibrated on a later slice. No reweighting or group"
    " threshold is applied. Whoever promotes reads the subgroup tables of this card.",
    "8.i": "On every run: the newest mature window, per payer, against the champion"
    " and a payer x code table (`denialml promote`). Between runs `denialml radar`"
    " watches how payers answer, and `denialml drift` compares new submissions with"
    " this run's baseline."
    " The organization decides how often; monthly is advised.",
    "8.iii": "On every run, in the subgroup tables; as often as the organization runs.",
    "9.i": "By training again and promoting through the gates; nothing updates itself.",
    "9.ii": "A failed gate keeps the champion; `denialml rollback` restores the one"
    " before at once. No schedule is set.",
}

_NO_OTHER_SOURCE = (
    "each model is trained and judged on one practice's own records; no data of another"
    " source take part."
)
NOT_ASSESSED = {
    "6.i": _NO_OTHER_SOURCE,
    "6.ii": "no external party has tested this model.",
    "6.iii": _NO_OTHER_SOURCE,
    "6.iv": "there was no external validation.",
    "7.iii": _NO_OTHER_SOURCE,
    "7.iv": _NO_OTHER_SOURCE,
    "7.v": "no study of its effect on denials, revenue or patients has been made.",
}


_NEEDS_JUDGING = ("4.iii", "7.i", "7.ii", "8.ii", "8.iv")


def measured_answers(bundle: Bundle, report: RunReport) -> dict[str, str]:
    """The answers that this run's data give, by number."""
    training, data = bundle.facts.training, report.fingerprint
    trained_on = (
        f"Included: {training.answered_lines:,} answered lines of original"
        f" claims submitted from {training.first_submission} to"
        f" {training.last_submission}, {training.denied_lines:,} of them denied."
        f" Excluded: {data.censored:,} lines without a decision by {data.known_by},"
        " weeks not yet answered almost fully, corrected and void claims, and the first"
        " days of the records."
    )
    judged = report.judged
    if judged is None:
        return {"4.i": trained_on}
    validity = _validity(judged.overall)
    fairness = _fairness(judged.subgroups)
    return {
        "4.i": trained_on,
        "4.iii": "Lines of the judged window: "
        + "; ".join(
            f"{name}: " + ", ".join(f"{one.group} {one.lines:,}" for one in groups)
            for name, groups in judged.subgroups.items()
        )
        + ". Race, ethnicity, language and social factors are not on a claim and are"
        " not known.",
        "7.i": f"On lines the judged model had not seen: {validity}.",
        "7.ii": fairness,
        "8.ii": "The training data are the local data; see 7.i. On this run: "
        f"{validity}.",
        "8.iv": f"The training data are the local data; see 7.ii. {fairness}",
    }


def not_assessed(report: RunReport) -> dict[str, str]:
    """Why there is no answer, by number; `measured_answers` has the others."""
    if report.judged is not None:
        return NOT_ASSESSED
    why = report.not_judged.removeprefix("not assessed, ") + "."
    return NOT_ASSESSED | dict.fromkeys(_NEEDS_JUDGING, why)


def _validity(measures: dict[str, Measured]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {shown(one)}"
        for name, one in measures.items()
        if name in ("log_loss", "auc", "average_precision", "calibration_error")
    )


def shown(measure: Measured) -> str:
    """A measure as text, with its interval where it has one."""
    if measure.low is None or measure.high is None:
        return f"{measure.value:.3f}"
    return f"{measure.value:.3f} [{measure.low:.3f}, {measure.high:.3f}]"


def _fairness(subgroups: dict[str, tuple[GroupMeasures, ...]]) -> str:
    said = [
        f"{name}: {_widest(groups)}" for name, groups in subgroups.items() if groups
    ]
    if not said:
        return "No group held enough patients to be reported."
    return "Mean risk less denial rate, the groups farthest apart. " + " ".join(said)


def _widest(groups: Sequence[GroupMeasures]) -> str:
    gaps = sorted(
        (
            one.measures["mean_risk"].value - one.measures["denial_rate"].value,
            one.group,
        )
        for one in groups
    )
    (low, lowest), (high, highest) = gaps[0], gaps[-1]
    if lowest == highest:
        return f"{lowest} {low:+.3f} (one group only)."
    return f"{lowest} {low:+.3f}, {highest} {high:+.3f}."
