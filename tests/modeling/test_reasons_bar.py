"""The true cause is among the first reasons, on a simulated practice."""

from datetime import date

import pytest

from benchmarks.reasons import CUT, Reader, summarize, told_of
from benchmarks.simulated_records import records_of
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice


@pytest.mark.slow
def test_a_fact_on_the_true_cause_is_among_the_first_three_reasons() -> None:
    practice = simulate_practice(
        seed=77, claims=8_000, starts_on=date(2023, 1, 1), ends_on=date(2024, 12, 31)
    )
    records = records_of(practice)
    bundle = train_bundle(
        build_frame(records, known_by=CUT),
        specification=TrainingSpecification(),
        known_by=CUT,
    )
    found = list(told_of(practice, Reader(records, bundle)))
    summary = summarize(found)
    shares = summary["all"]
    assert isinstance(shares, dict)
    assert shares["lines"] > 80
    assert shares["fact_in_first_three"] > 0.7
    assert shares["matter_in_first_three"] > 0.8
    assert not [one for one in found if one.first == "general" and one.facts]
    # A rate of few answers comes after every other reason.
    assert all(len(one.matters) == 1 for one in found if one.leads_with_thin_rate)
    causes = summary["causes"]
    assert isinstance(causes, dict)
    for cause in ("auth_missing", "duplicate_resubmission", "timely_filing"):
        assert causes[cause]["fact_in_first_three"] > 0.8, cause
