"""Columns of the model: numbers only, named once, each with a sentence that is true."""

import math
import string
from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from denialml.domain.claim import patient_key
from denialml.domain.coverage import Authorization
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import Contribution
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.line_view import view_line
from denialml.modeling.knowledge.rate_tables import CAUSE_TABLES, RATE_TABLES
from denialml.modeling.risk.explanation import (
    sentence_words,
    teller_of,
    value_text,
    words_of,
)
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.features import FEATURES, line_features, vocabulary_hash
from tests.modeling.small_practice import make_claim

DAY = date(2024, 3, 4)
BY_NAME = {feature.name: feature for feature in FEATURES}


def line_input(records: PracticeRecords | None = None, **claim: object) -> LineInput:
    made = make_claim("C1", day=DAY, **claim)  # type: ignore[arg-type]
    assert made.submitted_on is not None
    book, history = FactBook(records or PracticeRecords()), History()
    history.advance(made.submitted_on)
    facts = book.line_facts(made, made.lines[0], as_of=made.submitted_on)
    view = view_line(made, made.lines[0], facts)
    return LineInput(
        made,
        made.lines[0],
        facts,
        view,
        history.about(view, patient=patient_key(made)),
    )


def test_names_are_unique_and_every_feature_says_when_it_is_known() -> None:
    assert len(BY_NAME) == len(FEATURES)
    for feature in FEATURES:
        assert feature.sources, feature.name
        assert feature.source, feature.name
        assert feature.missing.endswith("."), feature.name
        assert feature.says or feature.levels, feature.name


def test_every_placeholder_of_every_sentence_has_a_word() -> None:
    words = {*sentence_words(line_input()), "value"}
    rate_words = {*words, "count", "usual"}
    for feature in FEATURES:
        sentences = [
            feature.says,
            feature.says_negative,
            feature.says_unproven,
            feature.missing,
            *(says for _, says in feature.levels),
        ]
        for sentence in sentences:
            used = {
                name for _, name, _, _ in string.Formatter().parse(sentence) if name
            }
            known = words if feature.evidence is None else rate_words
            assert used <= known, (feature.name, used - known)


def test_no_sentence_makes_the_reader_decode_a_sign() -> None:
    for feature in FEATURES:
        assert "minus" not in feature.says, feature.name


def test_flags_and_states_have_a_sentence_for_each_value() -> None:
    for feature in FEATURES:
        if feature.unit in ("yes_no", "state"):
            values = [value for value, _ in feature.levels]
            assert values == sorted(set(values)), feature.name
            assert not feature.says, feature.name


def test_parents_come_before_their_children_and_cause_tables_exist() -> None:
    seen: set[str] = set()
    for table in RATE_TABLES:
        assert not table.parent or table.parent in seen, table.name
        seen.add(table.name)
    assert set(CAUSE_TABLES) <= seen
    for table in RATE_TABLES:
        assert bool(table.causes) == bool(table.for_cause), table.name


def test_a_row_is_float64_in_the_order_of_the_features() -> None:
    row = line_input()
    values = line_features(row)
    assert values.shape == (len(FEATURES),)
    assert values.dtype == np.float64
    position = [feature.name for feature in FEATURES].index("charge")
    assert values[position] == 150.0


def test_nothing_on_file_is_missing_and_not_zero() -> None:
    values = dict(zip(BY_NAME, line_features(line_input()).tolist(), strict=True))
    for name in (
        "eligibility_age",
        "coverage_proof_age",
        "enrollment_state",
        "minutes_over_minimum",
        "days_past_filing_limit",
        "patient_paid_age",
    ):
        assert math.isnan(values[name]), name
    assert values["authorization_state"] == 0.0


def one_told(
    feature: Feature, value: float, share: float, row: LineInput
) -> Contribution:
    """What a new teller says of one line."""
    [told] = teller_of(feature).tell([value], [share], [words_of(row)])
    return told


@pytest.mark.parametrize(
    ("name", "value", "text", "sentence", "has_remedy"),
    [
        pytest.param(
            "authorization_state",
            0.0,
            "0",
            "No authorization is on file for 90837.",
            True,
            id="no authorization",
        ),
        pytest.param(
            "authorization_state",
            6.0,
            "6",
            "A valid authorization is on file for 90837.",
            False,
            id="valid authorization: nothing to mend",
        ),
        pytest.param(
            "filing_lag",
            1.0,
            "1 day",
            "The claim is filed 1 day after the service.",
            False,
            id="one day",
        ),
        pytest.param(
            "filing_lag",
            75.0,
            "75 days",
            "The claim is filed 75 days after the service.",
            True,
            id="late",
        ),
        pytest.param(
            "minutes_over_minimum",
            -8.0,
            "-8 minutes",
            "The note documents 0 minutes, 8 minutes short of what 90837 takes.",
            True,
            id="minutes short",
        ),
        pytest.param(
            "authorization_days_left",
            -16.0,
            "-16 days",
            "The authorization ended 16 days before the service.",
            True,
            id="authorization ended",
        ),
        pytest.param(
            "eligibility_age",
            -1.0,
            "-1 day",
            "Eligibility was last checked 1 day after the service.",
            False,
            id="checked afterwards",
        ),
        pytest.param(
            "eligibility_age",
            float("nan"),
            "not known",
            "No eligibility check of this payer is on file.",
            False,
            id="no check",
        ),
        pytest.param(
            "rate_authorization_visit",
            0.34,
            "34%",
            "None of Payer P1's answers on 90837 at this visit number with no"
            " authorization on file, and no number on the claim is on file yet: about"
            " 34% denials are assumed from wider answers (usual: 15%), which raises"
            " the risk.",
            False,
            id="rate without answers",
        ),
        pytest.param(
            "already_sent",
            1.0,
            "yes",
            "The same service of the same day was already sent to this payer.",
            True,
            id="duplicate",
        ),
        pytest.param(
            "charge", 150.0, "$150.00", "The line charges $150.00.", False, id="charge"
        ),
    ],
)
def test_sentence_says_the_value(
    name: str, value: float, text: str, sentence: str, has_remedy: bool
) -> None:
    told = one_told(BY_NAME[name], value, 0.1, line_input())
    assert told.sentence == sentence
    assert told.value_text == text
    assert bool(told.remedy) is has_remedy
    assert told.value is None if math.isnan(value) else told.value == value


def test_the_authorization_sentence_follows_the_record() -> None:
    authorization = Authorization(
        authorization_number="A1",
        payer_id="P1",
        member_id="M-R1",
        issued_on=DAY - timedelta(days=90),
        begins_on=DAY - timedelta(days=90),
        ends_on=DAY - timedelta(days=2),
        procedure_codes=("90837",),
    )
    row = line_input(PracticeRecords(authorizations=(authorization,)))
    feature = BY_NAME["authorization_state"]
    told = one_told(feature, feature.value(row), 0.1, row)
    assert told.sentence == "The authorization on file ended before the service."


def test_visible_problems_are_named_in_the_sentence() -> None:
    row = line_input()
    late = msgspec.structs.replace(
        row,
        facts=msgspec.structs.replace(
            row.facts, filing_limit_days=90, filing_lag_days=91
        ),
    )
    feature = BY_NAME["known_problems"]
    assert (feature.value(row), feature.value(late)) == (0.0, 1.0)
    told = one_told(feature, 1.0, 0.5, late)
    assert told.sentence == (
        "Problems that can be seen before sending: the claim is filed later than the"
        " payer has taken claims."
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.034, "rate", "3.4%"),
        (0.5, "rate", "50%"),
        (1.0, "visits", "1 visit"),
        (2.5, "days", "2.5 days"),
        (15.9196, "days", "15.9 days"),
        (154.4, "answers", "154 answers"),
        (0.0, "yes_no", "no"),
        (1234.5, "dollars", "$1,234.50"),
        (3.0, "codes", "3"),
    ],
)
def test_value_in_words(value: float, unit: str, text: str) -> None:
    assert value_text(value, unit) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("share", "effect"),
    [
        (0.4, ", which raises the risk."),
        (-0.4, ", which lowers the risk."),
        (0.0, "."),
    ],
)
def test_a_rate_says_how_high_of_how_many_and_what_it_does(
    share: float, effect: str
) -> None:
    row = line_input()
    position = [table.name for table in RATE_TABLES].index("diagnosis_denial")
    seen = msgspec.structs.replace(
        row.history,
        answers=tuple(1212 if at == position else 0 for at in range(len(RATE_TABLES))),
        usual=tuple(0.031 for _ in RATE_TABLES),
    )
    line = words_of(msgspec.structs.replace(row, history=seen))
    teller = teller_of(BY_NAME["rate_diagnosis_denial"])
    for told in teller.tell([0.41, 0.41], [share, share], [line, line]):
        assert told.sentence == (
            "Of Payer P1's answers on diagnosis F411, about 41% were denials for the"
            " diagnosis (answers: 1,212, recent ones count more; usual: 3.1%)" + effect
        )


def test_a_sentence_kept_is_never_told_of_another_line() -> None:
    teller = teller_of(BY_NAME["authorization_state"])
    first, second, third = teller.tell(
        [0.0, 0.0, 0.0],
        [0.1, 0.1, 0.2],
        [words_of(line_input(codes=(code,))) for code in ("90837", "90834", "90837")],
    )
    assert first.sentence == "No authorization is on file for 90837."
    assert second.sentence == "No authorization is on file for 90834."
    assert third.sentence == first.sentence


def test_the_vocabulary_hash_changes_with_the_vocabulary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = vocabulary_hash()
    other: tuple[Feature, ...] = (
        msgspec.structs.replace(FEATURES[0], name="something_else"),
        *FEATURES[1:],
    )
    monkeypatch.setattr("denialml.modeling.risk.features.FEATURES", other)
    assert vocabulary_hash() != before
