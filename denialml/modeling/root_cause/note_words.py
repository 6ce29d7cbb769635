"""What the words of payers' letters say about causes, learnt without any label.

A payer's letter about a denial states its reason in free text. Which words stand for
which cause is learnt from the practice's own denials: codes and signs give each line
with a letter shares over the causes, and words that keep company with a cause speak for
it. Letters repeat themselves and some state a reason that is not the true one, so all
words together count like a few, and never for more than `LARGEST`. Text is turned into
numbers at once (scikit-learn's hashing vectorizer) and kept nowhere.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BUCKETS = 2**14
# Words in fewer letters are chance or a name; in more, part of every letter.
FEWEST_LETTERS = 3
LARGEST_SHARE = 0.2
# Lines of doubt added to each word.
SHRINKAGE_LINES = 1.0
# Words of three letters or more, without digits.
_WORD = r"(?u)\b[^\W\d_]{3,}\b"
# Words of one letter say the same thing many times over.
WEIGHT = 0.15
LARGEST = 4.0
# A letter of this many characters has some thirty pages; what follows is no letter.
READ_CHARACTERS = 50_000


class WordTable(NamedTuple):
    """The telling words that stand in letters. Grain: line x word.

    `lines` are positions of lines and `words` numbers of words, both of shape
    (n_pairs,); `letters` counts the letters, `held` the letters of each word.
    """

    lines: IntArray
    words: IntArray
    letters: int
    held: FloatArray


def letter_words(text: str) -> tuple[int, ...]:
    """Numbers of the words and word pairs in a letter's sentences, in order.

    Heading lines ("Patient: ...", dates, numbers) say who and when, not why, and are
    left out. Only the first 50,000 characters are read.
    """
    text = text[:READ_CHARACTERS]
    prose = " ".join(line for line in text.splitlines() if not _is_heading(line))
    if not prose.strip():
        return ()
    found = _vectorizer().transform([prose]).indices
    return tuple(sorted(int(number) for number in found))


def word_table(letters: Sequence[tuple[int, ...]]) -> WordTable:
    """The telling words of all letters, one entry a line; empty: it has none."""
    count = sum(1 for words in letters if words)
    lines = np.array([at for at, words in enumerate(letters) for _ in words], np.intp)
    words = np.array([one for words in letters for one in words], np.intp)
    held = np.bincount(words, minlength=BUCKETS)
    telling = (held >= FEWEST_LETTERS) & (
        held <= max(FEWEST_LETTERS, LARGEST_SHARE * count)
    )
    kept = telling[words]
    numbers = np.cumsum(telling) - 1
    return WordTable(
        lines[kept], numbers[words[kept]], count, held[telling].astype(float)
    )


def word_scores(table: WordTable, shares: FloatArray) -> FloatArray:
    """Log-odds that letters add to each line: shape of `shares`, (n_lines, 17).

    `shares` are the causes by all else that is known; zeros for lines without a letter.
    """
    added = np.zeros_like(shares)
    if not len(table.words):
        return added
    with_letter = np.zeros(len(shares))
    with_letter[table.lines] = 1.0
    usual = table.held / table.letters
    for cause in range(shares.shape[1]):
        told = np.bincount(table.words, weights=shares[table.lines, cause])
        letters = with_letter @ shares[:, cause] + SHRINKAGE_LINES
        speaks = np.log((told + SHRINKAGE_LINES * usual) / letters / usual)
        added[:, cause] = np.bincount(
            table.lines, weights=speaks[table.words], minlength=len(shares)
        )
    return np.clip(WEIGHT * added, -LARGEST, LARGEST)


def _is_heading(line: str) -> bool:
    """A short label and a colon, or capitals alone."""
    label, colon, _ = line.partition(":")
    return (bool(colon) and len(label) <= 30) or line.isupper()


@lru_cache(maxsize=1)
def _vectorizer() -> "HashingVectorizer":
    # Only where a letter is read: scikit-learn loads slowly.
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        n_features=BUCKETS,
        alternate_sign=False,
        norm=None,
        binary=True,
        ngram_range=(1, 2),
        stop_words="english",
        token_pattern=_WORD,
    )
