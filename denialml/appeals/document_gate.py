"""May this document leave the practice with this letter? Checked before its use.

Hard rules, in this order: psychotherapy and SUD counseling notes never leave (45 CFR
164.508(a)(2), 42 CFR 2.31); raw batch files never leave, because they list other
people (45 CFR 164.502(b)); what has no text to check stays; a text that
instructs its reader is looked at by a person first; a document must be confirmed to be
this patient's by two identifiers and contradicted by none; a Part 2
record needs a consent on file.
"""

import re
from datetime import date

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_reading import (
    DATE,
    holds_instructions,
    is_batch_content,
    labeled_date,
    labeled_identifiers,
    read_date,
)
from denialml.appeals.protected_notes import called_protected
from denialml.domain.claim import Patient, Subscriber, person
from denialml.domain.document import Document, Sensitivity

_NEVER = {
    Sensitivity.PSYCHOTHERAPY_NOTE: (
        "Psychotherapy notes are never attached; disclosing them to a payer needs the "
        "patient's own authorization (45 CFR 164.508(a)(2))."
    ),
    Sensitivity.SUD_COUNSELING_NOTE: (
        "SUD counseling notes are never attached; they need a separate consent "
        "(42 CFR 2.31)."
    ),
}
_LOOK = (
    "A person must look: if it is an ordinary progress note after all, its author "
    "says so in its title and text, and it is filed again."
)
_NEVER_KINDS = {
    "psychotherapy_note": Sensitivity.PSYCHOTHERAPY_NOTE,
    "sud_counseling_note": Sensitivity.SUD_COUNSELING_NOTE,
}
IMPERSONAL = frozenset(
    {Sensitivity.PUBLIC, Sensitivity.PROVIDER_DATA, Sensitivity.BUSINESS}
)
_ABOUT_COVERAGE = frozenset(
    {
        *("auth_letter", "benefit_summary", "cob_questionnaire", "eligibility_271"),
        *("insurance_card", "um_denial_letter", "277ca_acceptance"),
    }
)
_ENOUGH = 2
_PDF = "application/pdf"
_CONSENT_END = r"expires?(?: on)?|expiration(?: date)?|valid (?:through|until|to)"
_REVOKED = re.compile(r"\brevoked(?: on)?\b(?!\s*:\s*(?:no|none)\b)", re.IGNORECASE)


def never_leaves(document: Document) -> str | None:
    """Why the document may never be attached to anything, or None."""
    sensitivity = _NEVER_KINDS.get(document.kind, document.sensitivity)
    if sensitivity in _NEVER:
        return _NEVER[sensitivity]
    called = called_protected(document)
    if called is None:
        return None
    return f"Its own words say that it may be such a note. {_NEVER[called]} {_LOOK}"


def reason_to_withhold(document: Document, case: CaseFile, *, on: date) -> str | None:
    """The first hard rule that the document breaks, or None: it may leave.

    `on` is the day of the disclosure, on which a Part 2 consent must be valid.
    """
    never = never_leaves(document)
    if never is not None:
        return never
    empty = _without_text(document)
    if empty is not None:
        return empty
    if is_batch_content(document.text):
        return (
            "The file holds raw transactions that may list other patients; only an "
            "extract of this claim may be sent (45 CFR 164.502(b))."
        )
    if holds_instructions(document.text):
        return (
            "The text holds instructions to a reader where a record belongs; have its "
            "author check the document before it is sent to anyone."
        )
    if document.sensitivity not in IMPERSONAL:
        mismatch = wrong_patient(document, case)
        if mismatch is not None:
            return mismatch
    if document.sensitivity is Sensitivity.PART_2 and consent_for(case, on=on) is None:
        return (
            "The record is protected by 42 CFR part 2 and no valid consent is on "
            "file; obtain the patient's consent before it is disclosed (42 CFR 2.31)."
        )
    return None


def _without_text(document: Document) -> str | None:
    """Why a document without words stays: nobody can say what would be sent."""
    if document.text.strip():
        return None
    if not document.content_sha256:
        return (
            "Only its particulars are on file, not the document: its file was missing "
            "or refused. File it again with its text."
        )
    if document.sensitivity in IMPERSONAL and document.media_type == _PDF:
        return None
    return (
        "Its file holds no text that can be read, so neither whose it is nor what it "
        "says was checked. A person must look; file it again with a text layer."
    )


def consent_for(case: CaseFile, *, on: date) -> Document | None:
    """The patient's signed Part 2 consent, neither expired nor revoked on that day."""
    for document in case.documents:
        if document.kind != "part2_consent" or wrong_patient(document, case):
            continue
        ends = labeled_date(document.text, _CONSENT_END)
        signed = document.signed_on
        if (
            signed is not None
            and signed <= on
            and (ends is None or ends >= on)
            and not _REVOKED.search(document.text)
        ):
            return document
    return None


def wrong_patient(document: Document, case: CaseFile) -> str | None:
    """Why the document is not confirmed to be this patient's, or None if it is.

    One contradicting identifier is enough to refuse; two agreeing ones are needed
    to accept, because one may be mistyped or shared by a family. A member number
    belongs to a coverage: beside two agreeing identifiers another one only shows that
    the patient changed plans, and such a document may not speak about coverage.
    """
    stated = _stated_identifiers(document)
    verdicts = {
        field: {_agrees(field, value, document, case) for value in values}
        for field, values in stated.items()
    }
    confirmed = {field for field, found in verdicts.items() if found == {True}}
    if _full_name_in(document.text, case):
        confirmed.add("patient_name")
    for field, found in verdicts.items():
        if False in found and not _is_of_another_matter(field, confirmed):
            return (
                f"The document names another patient ({field.replace('_', ' ')} "
                "differs); it must not leave with this claim."
            )
    if len(confirmed) < _ENOUGH:
        return (
            "The patient is not confirmed by two identifiers; check whose document "
            "this is and complete its record."
        )
    if False in verdicts.get("member_id", ()) and document.kind in _ABOUT_COVERAGE:
        return "It is about another coverage of the patient than the one billed."
    return None


def member_number_agrees(document: Document, case: CaseFile) -> bool | None:
    """Whether every member number it states is the claim's; None: it states none."""
    stated = _stated_identifiers(document).get("member_id", set())
    verdicts = {_agrees("member_id", value, document, case) for value in stated}
    verdicts.discard(None)
    return verdicts == {True} if verdicts else None


def _is_of_another_matter(field: str, confirmed: set[str]) -> bool:
    """A control number names a claim and a member number a coverage, not a person."""
    if field == "patient_control_number":
        return True
    return field == "member_id" and len(confirmed) >= _ENOUGH


def _stated_identifiers(document: Document) -> dict[str, set[str]]:
    stated: dict[str, set[str]] = {
        field: set(values)
        for field, values in labeled_identifiers(document.text).items()
    }
    for field in ("member_id", "medical_record_number", "patient_control_number"):
        value = getattr(document, field)
        if value:
            stated.setdefault(field, set()).add(value)
    return stated


def _agrees(field: str, value: str, document: Document, case: CaseFile) -> bool | None:
    """Whether a stated identifier is this patient's; None where it cannot be told."""
    claim = case.claim
    patient = person(claim)
    if field == "birth_date":
        found = re.search(DATE, value)
        stated = read_date(found.group(0)) if found else None
        if stated is None or patient.birth_date is None:
            return None
        return stated == patient.birth_date
    if field == "patient_name":
        people = [patient]
        if document.kind in _ABOUT_COVERAGE:
            people.append(claim.subscriber)
        return _same_person(value, people)
    expected = {
        "member_id": claim.subscriber.member_id,
        "medical_record_number": claim.medical_record_number,
        "patient_control_number": claim.patient_control_number,
    }[field]
    return _same_identifier(value, expected) if expected else None


def _same_identifier(stated: str, expected: str) -> bool:
    """Equal after dropping spaces and punctuation; what follows in words is ignored."""
    wanted, joined = _squeezed(expected), ""
    for piece in stated.split():
        joined += _squeezed(piece)
        if joined == wanted:
            return True
    return False


def _same_person(stated: str, people: list[Patient | Subscriber]) -> bool | None:
    """None where the text after the label does not look like a name."""
    name = re.match(r"[^\W\d_][\w'\u2019.,\- ]*", stated)
    words = _words(name.group(0)) if name else []
    if not 2 <= len(words) <= 4 or name is None or not name.group(0)[0].isupper():
        return None
    return any(
        set(_words(f"{one.first_name} {one.last_name}")) <= set(words)
        for one in people
        if one.last_name
    )


def _full_name_in(text: str, case: CaseFile) -> bool:
    patient = person(case.claim)
    first, last = patient.first_name, patient.last_name
    if not first or not last:
        return False
    squeezed = " ".join(_words(text))
    names = (f"{first} {last}", f"{last} {first}")
    return any(" ".join(_words(name)) in squeezed for name in names)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


def _squeezed(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
