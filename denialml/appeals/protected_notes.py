"""Does a text call itself a psychotherapy note or an SUD counseling note?

Such notes never leave (45 CFR 164.508(a)(2), 42 CFR 2.31), whatever kind they were
filed as. What a title, a heading or the first lines call the document counts, and a
declaration anywhere that it is kept apart from the record (the definition in 45 CFR
164.501). A *progress* note of a psychotherapy session is an ordinary record. Where the
wording leaves a doubt the document stays, and a person looks.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from denialml.appeals.plain_words import plain_lines, plain_words
from denialml.domain.document import Document, Sensitivity

_THERAPY = r"(?:psycho|pyscho|psyco|phsycho) ?(?:therap(?:y|ies|eutic|ists?)(?: s)?|tx)"
_WHO = r"(?:therapist|clinician|counsell?or|psychologist|psychiatrist)s?(?: s)?"
_BETWEEN = (
    r"(?: (?:session|process|private|personal|confidential|therapist|clinician|s|own|"
    r"individual|group|couples?|family|encounter|visit|contact|treatment|working))"
    r"{0,3}"
)
_PAPER = r"(?:notes?|recordings?|jottings|notations?|journal)\b"
_THERAPY_NOTE = rf"{_THERAPY}{_BETWEEN} ?{_PAPER}"
_OWN_NOTE = (
    rf"(?:process(?:ing)?(?: group)? ?{_PAPER}|(?:private|shadow)(?: {_WHO})? ?{_PAPER}"
    rf"|{_WHO} (?:own |private |personal ){{1,3}}{_PAPER})"
)
_SUD_NOTE = (
    r"(?:sud|aod|substance (?:use|abuse|misuse)(?: disorders?)?|addictions?|alcohol|"
    r"chemical dependency|opioid(?: use)?(?: disorder)?|drugs?|part 2)"
    rf"{_BETWEEN} counsell?(?:ing|or)(?: s)?{_BETWEEN} ?{_PAPER}"
)
_NAME = (
    rf"(?:{_THERAPY_NOTE}|{_OWN_NOTE}|{_SUD_NOTE}|(?<!progress )notes? "
    rf"(?:of|from|on|about) (?:the |a |our |this )?{_THERAPY}\b)"
)
_NAMED = re.compile(rf"\b{_NAME}")
_NAMED_SUD = re.compile(rf"\b{_SUD_NOTE}")
_COUNSELING = re.compile(rf"\bcounsell?ing{_BETWEEN} ?{_PAPER}")
_RECORD = (
    r"(?:(?:the|this|that|a|any|rest|of|remainder|patient|client|individual|person|s|"
    r"medical|clinical|health|treatment|main|official|legal|ordinary|regular|"
    r"electronic|designated|practice|agency|her|his|their|your) ){0,8}"
    r"(?:records?|charts?|ehr|emr)\b"
)
_DECLARED = re.compile(
    rf"\b(?:separate(?:d|ly)?|apart|outside)(?: from| of)? {_RECORD}"
    r"|\b(?:not|never|no) (?:(?:a|to|be|being|made|meant|intended|considered) ){0,3}"
    rf"part of {_RECORD}"
    r"|\b164 50(?:1|8 a 2)\b"
    rf"|\bfor (?:the |my )?(?:{_WHO} )?(?:own |private |personal )*"
    r"(?:eyes|use) only\b"
    r"|\b(?:document|analy[sz])ing (?:or analy[sz]ing )?"
    r"(?:the )?contents? of (?:the |our |a )?conversations?\b"
    r"|\b(?:this|these|following|below|enclosed) (?:(?:document|record|page|file|text|"
    r"is|are|a|an|my|the|private|confidential|own) ){0,5}"
    rf"(?:{_THERAPY_NOTE}|{_OWN_NOTE}|{_SUD_NOTE})"
)
# Sentences that say the contrary, or say that there are none.
_DENIED = re.compile(
    r"\b(?:no|not|nor|without|excludes?|excluding|never) "
    r"(?:(?:a|an|any|the|include[ds]?|including|contain(?:s|ed)?|is|are|keep|kept|"
    r"separate|write|cover|covers) ){0,4}"
    rf"(?:{_THERAPY}|process|private|{_SUD_NOTE}) ?(?:{_PAPER})?"
    r"(?: (?:is|are|was|were|has|have|been|kept|held|written|included|on file|"
    r"attached|enclosed))*"
    rf"|\b{_THERAPY} {_PAPER} ?: ?(?:none|no|n a|not kept|not applicable)(?= ?$|[.;,])",
    re.MULTILINE,
)
# What may stand before a heading's name: a number, labels, a word or two about it.
_LEAD = (
    r"(?:\d{1,3}[. ]+|[a-z][.] )?(?:(?:[a-z0-9]+ ){0,4}[a-z0-9]+: ?){0,2}"
    r"(?:(?:confidential|private|individual|group|family|couples|the|my|a|"
    r"[a-z]+ s)[ .;,:]+){0,3}"
)
_STARTS_WITH_NAME = re.compile(rf"{_LEAD}{_NAME}")
_IS_NAME = re.compile(
    rf"{_LEAD}{_NAME}(?: (?!(?:requested|required|needed|missing|not|were|are|is)\b)"
    r"[a-z0-9]+){0,2}[.:;, ]*$"
)
_FIRST_LINES = 6
_FIRST_CHARACTERS = 600
_HEADING_WORDS = 8
# Papers of a payer, of an office or of consent speak of such notes without being one.
_ABOUT_NOTES = frozenset(
    {
        *("auth_letter", "um_denial_letter", "benefit_summary", "eligibility_271"),
        *("insurance_card", "cob_questionnaire", "277ca_acceptance", "999_acceptance"),
        *("prior_eob_era", "fee_schedule_page", "part2_consent", "telehealth_consent"),
        *("comparative_analysis_request", "single_case_agreement", "release_record"),
        *("credentialing_letter", "license", "caqh_attestation", "fax_confirmation"),
        *("contract_page", "hipaa_authorization", "part2_notice", "literature"),
    }
)


def called_protected(document: Document) -> Sensitivity | None:
    """The protected kind that the document's own words name, or None.

    Reads title, file name and text layer; says nothing of what it was filed as.
    """
    names = [
        line
        for name in (document.title, document.file_name.rsplit(".", 1)[0])
        for line in plain_lines(name.replace(".", " "))
    ]
    lines = [_without_denials(line) for line in plain_lines(document.text)]
    if document.kind in _ABOUT_NOTES:
        named = [line for line in (*names, *_first(lines)) if _IS_NAME.match(line)]
    else:
        named = [line for line in names if _NAMED.search(line)]
        named += [line for line in _openings(lines) if _NAMED.search(line)]
        named += [line for line in lines if _is_heading(line)]
        declared = _DECLARED.search(plain_words("\n".join(lines)))
        named += [declared.group()] if declared else []
    if document.sensitivity is Sensitivity.PART_2:
        heads = (*names, *_openings(lines))
        counseling = [line for line in heads if _COUNSELING.search(line)]
        if counseling and document.kind not in _ABOUT_NOTES:
            return Sensitivity.SUD_COUNSELING_NOTE
    if not named:
        return None
    if any(_NAMED_SUD.search(line) for line in (*names, *lines)):
        return Sensitivity.SUD_COUNSELING_NOTE
    return Sensitivity.PSYCHOTHERAPY_NOTE


def may_be_protected(document: Document) -> bool:
    """Whether any words of it, whatever its kind, say that it may be such a note.

    The reading of `called_protected` for records, and any mention in the text: for
    uses that lose little where a payer's letter that merely speaks of such notes is
    passed over.
    """
    if called_protected(msgspec.structs.replace(document, kind="")) is not None:
        return True
    lines = [_without_denials(line) for line in plain_lines(document.text)]
    return _NAMED.search(" ".join(lines)) is not None


def _without_denials(line: str) -> str:
    return _DENIED.sub(" ", line)


def _first(lines: Sequence[str]) -> list[str]:
    return [line[:_FIRST_CHARACTERS] for line in lines[:_FIRST_LINES]]


def _openings(lines: Sequence[str]) -> Iterator[str]:
    """The first lines, each alone and with the next: a heading may be broken."""
    first = _first(lines)
    yield from first
    for above, below in pairwise(first):
        # "Service: psychotherapy" and "Note: ..." below it are two entries.
        if not (":" in above and re.match(r"notes? ?:", below)):
            yield f"{above} {below}"


def _is_heading(line: str) -> bool:
    """Whether a line anywhere is a heading that names such a note."""
    if _STARTS_WITH_NAME.match(line[:_FIRST_CHARACTERS]):
        return True
    is_short = len(line.split()) <= _HEADING_WORDS and not line.endswith(".")
    return is_short and _NAMED.search(line) is not None
