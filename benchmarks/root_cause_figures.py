"""Figures of root causes on one simulated practice, from its scored lines."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from benchmarks.root_cause_lines import Scored
from denialml.domain.denial import RootCause
from denialml.modeling.root_cause.cause_sets import COVERAGE


def class_scores(
    truth: Sequence[RootCause], found: Sequence[RootCause | None]
) -> dict[str, float]:
    """F1 of every class that occurs in the truth."""
    hits = Counter(a for a, b in zip(truth, found, strict=True) if a is b)
    actual, told = Counter(truth), Counter(found)
    return {
        cause.value: 2 * hits[cause] / (actual[cause] + told[cause])
        for cause in RootCause
        if actual[cause]
    }


def macro_f1(truth: Sequence[RootCause], found: Sequence[RootCause | None]) -> float:
    """Mean F1 over the classes that occur in the truth."""
    scores = class_scores(truth, found)
    return sum(scores.values()) / len(scores)


def summary(scored: list[Scored]) -> dict[str, object]:
    """Figures of one practice."""
    truth = [one.truth for one in scored]
    found = [one.found for one in scored]
    dictionary = macro_f1(truth, [one.dictionary for one in scored])
    model = macro_f1(truth, found)
    right = [one.found is one.truth for one in scored]
    top_two = [one.truth in (one.found, one.runner_up) for one in scored]
    exact = macro_f1(truth, [one.exact for one in scored])
    unlabeled = macro_f1(truth, [one.unlabeled for one in scored])
    labeled = macro_f1(truth, [one.labeled for one in scored])
    rest = [one for one in scored if not one.checked]
    return {
        "denied_lines": len(scored),
        "classes": len(set(truth)),
        "confirmed_share": _mean([one.confirmed for one in scored]),
        "checked_share": _mean([one.checked for one in scored]),
        "payer_error_share": _mean([one.payer_error for one in scored]),
        "macro_f1_exact_posterior": round(exact, 4),
        "macro_f1_dictionary": round(dictionary, 4),
        "macro_f1_codes_only": round(
            macro_f1(truth, [one.codes_only for one in scored]), 4
        ),
        "macro_f1_line_by_itself": round(
            macro_f1(truth, [one.alone for one in scored]), 4
        ),
        "macro_f1": round(model, 4),
        "macro_f1_learnt_unlabeled": round(unlabeled, 4),
        "macro_f1_learnt_labeled": round(labeled, 4),
        "share_of_exact": round(model / exact, 4),
        "share_of_exact_learnt_unlabeled": round(unlabeled / exact, 4),
        "share_of_exact_learnt_labeled": round(labeled / exact, 4),
        "sets": _set_figures([(one.truth, one.candidates) for one in scored]),
        "sets_learnt_unlabeled": _set_figures(
            [(one.truth, one.unlabeled_set) for one in scored]
        ),
        "sets_learnt_labeled": _set_figures(
            [(one.truth, one.labeled_set) for one in rest]
        ),
        "gain": round(model - dictionary, 4),
        "accuracy": _mean(right),
        "accuracy_dictionary": _mean([one.dictionary is one.truth for one in scored]),
        "top_two": _mean(top_two),
        "mean_probability": _mean([one.probability for one in scored]),
        "abstained": _mean([one.found is None for one in scored]),
        "f1_by_class": {
            cause: round(score, 3)
            for cause, score in class_scores(truth, found).items()
        },
        "lines_by_class": {
            cause.value: count for cause, count in Counter(truth).most_common()
        },
    }


def _set_figures(
    told: Sequence[tuple[RootCause, tuple[RootCause, ...]]],
) -> dict[str, float]:
    """Coverage, size and abstentions of sets, and the coverage of the worst cause."""
    covered = defaultdict(list)
    for truth, candidates in told:
        covered[truth].append(truth in candidates)
    return {
        "stated_coverage": COVERAGE,
        "coverage": _mean([one for found in covered.values() for one in found]),
        "mean_coverage_of_causes": _mean([_mean(one) for one in covered.values()]),
        "mean_size": _mean([len(candidates) for _, candidates in told]),
        "abstained": _mean([not candidates for _, candidates in told]),
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def confusions(scored: list[Scored], *, shown: int) -> list[tuple[str, int]]:
    """The most frequent mistakes: truth -> found."""
    counted = Counter(
        f"{one.truth.value} -> {one.found.value if one.found else 'abstained'}"
        for one in scored
        if one.found is not one.truth
    )
    return counted.most_common(shown)
