"""What the words of payers' letters add to root causes."""

import numpy as np

from denialml.domain.denial import RootCause
from denialml.modeling.root_cause.cause_tendencies import CAUSES
from denialml.modeling.root_cause.note_words import (
    LARGEST,
    letter_words,
    word_scores,
    word_table,
)

VISITS = "NOTICE\nPatient: Ada Quill\nThe yearly visit maximum was reached before.\n"
MINUTES = "NOTICE\nPatient: Bo Reed\nStart and stop times do not support the code.\n"


def shares_of(*causes: RootCause | None) -> np.ndarray:
    """Nine tenths for the cause named, else all alike."""
    rows = np.full((len(causes), len(CAUSES)), 1 / len(CAUSES))
    for row, cause in zip(rows, causes, strict=True):
        if cause is not None:
            row[:] = 0.1 / (len(CAUSES) - 1)
            row[CAUSES.index(cause)] = 0.9
    return rows


def test_headings_and_numbers_of_a_letter_are_not_read():
    other = VISITS.replace("Ada Quill", "Cy Thorne") + "Claim number: 12345\n"
    assert letter_words(VISITS) == letter_words(other) != ()
    assert letter_words("Patient: Ada Quill\nDate: 2025-03-01\n") == ()
    assert letter_words("") == ()


def test_what_follows_fifty_thousand_characters_is_not_read():
    long = VISITS * 1000
    assert letter_words(long + "\nzebra") == letter_words(long)


def test_words_that_keep_company_with_a_cause_speak_for_it():
    told = [VISITS] * 6 + [MINUTES] * 6 + [VISITS, MINUTES, ""]
    words = [letter_words(text) for text in told]
    words += [()] * 45  # a letter among many lines without one
    limit, time = RootCause.BENEFIT_LIMIT, RootCause.CODING_TIME_UNITS
    shares = shares_of(*[limit] * 6, *[time] * 6, None, None, None, *[None] * 45)
    # Both letters are half of all letters: told apart only with others beside them.
    words[15:45] = [
        letter_words(f"Sentence {'abcdefghij'[i % 10] * 4}") for i in range(30)
    ]
    added = word_scores(word_table(words), shares)
    assert CAUSES[int(added[12].argmax())] is limit
    assert CAUSES[int(added[13].argmax())] is time
    assert not added[14].any()
    assert np.abs(added).max() <= LARGEST


def test_a_word_of_one_letter_teaches_nothing():
    words = [letter_words(VISITS), letter_words(MINUTES), ()]
    shares = shares_of(RootCause.BENEFIT_LIMIT, RootCause.CODING_TIME_UNITS, None)
    assert not word_scores(word_table(words), shares).any()


def test_without_any_letter_nothing_is_added():
    assert not word_scores(word_table([(), ()]), shares_of(None, None)).any()
