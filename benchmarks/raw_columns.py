"""A claim line as published recipes saw it: the words and numbers on the claim itself.

One row per claim line. Everything here is on the claim the day it is sent; nothing of
what the practice has on file and nothing of what payers answered.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from denialml.domain.claim import person

if TYPE_CHECKING:
    from benchmarks.backtest import World
    from denialml.modeling.knowledge.observation import ObservedLine

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]
Rows = npt.NDArray[np.intp]

WORDS = (
    "payer",
    "insurance_kind",
    "second_payer",
    "second_insurance_kind",
    "plan",
    "code",
    "modifiers",
    "place",
    "diagnosis_1",
    "diagnosis_2",
    "diagnosis_3",
    "diagnosis_4",
    "clinician",
    "specialty",
    "site",
    "billing_provider",
    "state",
    "sex",
    "quarter",
    "patient",
)
DIAGNOSES = ("diagnosis_1", "diagnosis_2", "diagnosis_3", "diagnosis_4")
NUMBERS = (
    "charge",
    "units",
    "lines",
    "diagnoses",
    "modifiers_count",
    "age_years",
    "days_to_submission",
    "month",
    "weekday",
    "year",
    "authorization_number_sent",
    "referral_number_sent",
)


class RawColumns:
    """`words` str (rows, len(WORDS)); `numbers` float64 (rows, len(NUMBERS))."""

    def __init__(self, world: World, rows: Rows) -> None:
        lines = [world.frame.lines[row] for row in rows]
        self.words: Words = np.array([_words(one) for one in lines], dtype=np.str_)
        self.numbers: Floats = np.array([_numbers(one) for one in lines], np.float64)

    def word(self, name: str) -> Words:
        """One column of words."""
        return self.words[:, WORDS.index(name)]

    def number(self, name: str) -> Floats:
        """One column of numbers; NaN where the claim does not tell."""
        return self.numbers[:, NUMBERS.index(name)]

    def joined(self, *names: str) -> Words:
        """Several columns of words as one."""
        parts = [self.word(name).tolist() for name in names]
        return np.array(["_".join(row) for row in zip(*parts, strict=True)], np.str_)


def _words(one: ObservedLine) -> tuple[str, ...]:
    claim, view = one.claim, one.view
    other = claim.other_payers[0] if claim.other_payers else None
    codes = [each.code for each in claim.diagnoses[:4]]
    home = person(claim).address
    return (
        view.payer,
        claim.subscriber.claim_filing_code,
        other.payer_id if other else "",
        other.claim_filing_code if other else "",
        view.plan,
        view.code,
        "+".join(sorted(one.line.modifiers)),
        view.place,
        *codes,
        *[""] * (4 - len(codes)),
        view.clinician,
        view.taxonomy,
        view.site,
        claim.billing_provider.npi,
        home.state if home else "",
        person(claim).gender,
        f"Q{(_day(one).month + 2) // 3}",
        claim.medical_record_number,
    )


def _numbers(one: ObservedLine) -> tuple[float, ...]:
    claim, day = one.claim, _day(one)
    born = person(claim).birth_date
    return (
        float(one.line.charge),
        float(one.line.units),
        float(len(claim.lines)),
        float(len(claim.diagnoses)),
        float(len(one.line.modifiers)),
        np.nan if born is None else (day - born).days // 365.25,
        float((one.submitted_on - day).days),
        float(day.month),
        float(day.weekday()),
        float(day.year),
        float(one.view.authorization_sent),
        float(one.view.referral),
    )


def _day(one: ObservedLine) -> date:
    return one.line.service_date or one.submitted_on
