"""Which documents the letter attaches, which it leaves out and why, what is missing.

Every candidate passes two tests: may it leave at all (`document_gate`), and does it
support this letter (`document_fitness`). Documents that the letter does not ask for
stay where they are: minimum necessary (45 CFR 164.502(b)).
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from string import ascii_uppercase

import msgspec

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_copies import without_copies
from denialml.appeals.document_fitness import judge_fitness
from denialml.appeals.document_gate import (
    IMPERSONAL,
    consent_for,
    never_leaves,
    reason_to_withhold,
)
from denialml.appeals.record_prints import ACKNOWLEDGMENT_PRINT, is_print
from denialml.appeals.session_time import minutes_contradiction, supported_minutes
from denialml.appeals.template_needs import EvidenceNeeds
from denialml.appeals.values import label_in_words
from denialml.domain.appeal import Exhibit, MissingEvidence, WithheldDocument
from denialml.domain.document import Document, Sensitivity
from denialml.domain.record import Judgment
from denialml.reference import document_kinds

SUPPLIERS = {
    "progress_note": "the treating clinician",
    "crisis_note": "the treating clinician",
    "treatment_plan": "the treating clinician",
    "intake_evaluation": "the treating clinician",
    "phq_gad_scores": "the treating clinician",
    "level_of_care_tool": "the treating clinician",
    "telehealth_consent": "the treating clinician",
    "supervision_attestation": "the supervising clinician",
    "part2_consent": "the patient",
    "insurance_card": "the patient",
    "cob_questionnaire": "the patient",
    "auth_letter": "the payer's utilization management",
    "credentialing_letter": "the payer's provider enrollment",
    "benefit_summary": "the plan or the member",
    "277ca_acceptance": "the clearinghouse",
    "999_acceptance": "the clearinghouse",
}


class EvidenceFile(Judgment, frozen=True):
    """What may be shown with a letter. Grain: one letter.

    `exhibits` are in the order in which the letter's template asks for their kinds,
    labeled from A. `refutations` are reasons on file why the claim itself does not
    stand; any of them forbids a letter.
    """

    exhibits: tuple[Exhibit, ...]
    withheld: tuple[WithheldDocument, ...]
    missing: tuple[MissingEvidence, ...]
    refutations: tuple[str, ...]
    part_2: bool


def gather_evidence(case: CaseFile, needs: EvidenceNeeds, *, on: date) -> EvidenceFile:
    """Choose the exhibits of one letter, of the kinds that its template asks for.

    A group of which nothing may be attached is listed as missing, with what it would
    show and who can supply it. `on` is the day of the disclosure.
    """
    wanted = needs.kinds
    chosen: list[tuple[Document, str]] = []
    withheld: list[WithheldDocument] = []
    for document in sorted(case.documents, key=lambda d: d.document_id):
        reason, refutes = _why_not(document, case, wanted=wanted, on=on)
        if reason is None:
            chosen.append((document, judge_fitness(document, case).reason))
        elif document.kind in wanted or _belongs_to_the_claim(document, case):
            withheld.append(
                WithheldDocument(
                    document_id=document.document_id,
                    kind=document.kind,
                    reason=reason,
                    refutes=refutes,
                )
            )
    chosen, repeated = without_copies(chosen, case)
    chosen, needless = _without_needless_prints(chosen)
    chosen = _with_consent(chosen, case, on=on)
    attached = {document.document_id for document, _ in chosen}
    withheld = [w for w in withheld if w.document_id not in attached]
    chosen.sort(key=lambda pair: _place(pair[0], wanted))
    return EvidenceFile(
        exhibits=tuple(
            _exhibit(document, reason, place)
            for place, (document, reason) in enumerate(chosen)
        ),
        withheld=(*withheld, *repeated, *needless),
        missing=(
            *_missing(needs, {document.kind for document, _ in chosen}),
            *_missing_consent(case, wanted, on=on),
        ),
        refutations=_refutations(withheld, case),
        part_2=any(d.sensitivity is Sensitivity.PART_2 for d, _ in chosen),
    )


def _without_needless_prints(
    chosen: list[tuple[Document, str]],
) -> tuple[list[tuple[Document, str]], list[WithheldDocument]]:
    """A print stands in for a document; where that is attached, the print stays."""
    filed = {d.kind for d, _ in chosen if not is_print(d.document_id)}
    needless = [d for d, _ in chosen if is_print(d.document_id) and d.kind in filed]
    return [pair for pair in chosen if pair[0] not in needless], [
        WithheldDocument(
            document_id=document.document_id,
            kind=document.kind,
            reason="The acknowledgment on file is attached itself; no print is needed.",
        )
        for document in needless
    ]


def merge_evidence(
    files: Sequence[EvidenceFile], *, needs: EvidenceNeeds
) -> EvidenceFile:
    """The evidence of several lines as that of one letter, labeled anew.

    A document that any line may show is shown, once; what no line may show stays out.
    """
    if len(files) == 1:
        return files[0]
    shown = {one.document_id: one for file in files for one in file.exhibits}
    ordered = sorted(shown.values(), key=lambda one: _exhibit_place(one, needs.kinds))
    withheld = {
        one.document_id: one
        for file in reversed(files)
        for one in file.withheld
        if one.document_id not in shown
    }
    return EvidenceFile(
        exhibits=tuple(
            msgspec.structs.replace(one, label=exhibit_label(place))
            for place, one in enumerate(ordered)
        ),
        withheld=tuple(withheld[key] for key in sorted(withheld)),
        missing=tuple(dict.fromkeys(one for file in files for one in file.missing)),
        refutations=tuple(
            dict.fromkeys(one for file in files for one in file.refutations)
        ),
        part_2=any(file.part_2 for file in files),
    )


def _exhibit_place(one: Exhibit, kinds: Sequence[str]) -> tuple[int, date, str]:
    place = kinds.index(one.kind) if one.kind in kinds else len(kinds)
    return place, one.service_date or date.max, one.document_id


def _belongs_to_the_claim(document: Document, case: CaseFile) -> bool:
    """Whether its absence needs a word: protected, or of this very session."""
    if never_leaves(document) is not None:
        return True
    same_day = document.service_date == case.line.service_date
    return same_day and document.sensitivity not in IMPERSONAL


def _why_not(
    document: Document, case: CaseFile, *, wanted: Sequence[str], on: date
) -> tuple[str | None, bool]:
    never = never_leaves(document)
    if never is not None:
        return never, False
    if document.kind not in wanted:
        return _not_asked_for(document, case, on=on)
    gate = reason_to_withhold(document, case, on=on)
    if gate is not None:
        return gate, False
    verdict = judge_fitness(document, case)
    return (None, False) if verdict.use else (verdict.reason, verdict.refutes)


def _not_asked_for(document: Document, case: CaseFile, *, on: date) -> tuple[str, bool]:
    """A session note refutes the claim even where the letter would not show it."""
    is_note = document.kind in ("progress_note", "crisis_note")
    if is_note and reason_to_withhold(document, case, on=on) is None:
        verdict = judge_fitness(document, case)
        if verdict.refutes:
            return verdict.reason, True
    return (
        "Not needed for this letter; only what the argument needs is disclosed "
        "(45 CFR 164.502(b)).",
        False,
    )


def _with_consent(
    chosen: list[tuple[Document, str]], case: CaseFile, *, on: date
) -> list[tuple[Document, str]]:
    """A Part 2 disclosure carries a copy of the consent (42 CFR 2.32)."""
    if not any(d.sensitivity is Sensitivity.PART_2 for d, _ in chosen):
        return chosen
    consent = consent_for(case, on=on)
    if consent is None or any(d.document_id == consent.document_id for d, _ in chosen):
        return chosen
    return [*chosen, (consent, "Consent that permits this disclosure (42 CFR 2.32).")]


def _place(document: Document, wanted: Sequence[str]) -> tuple[int, date, str]:
    place = wanted.index(document.kind) if document.kind in wanted else len(wanted)
    return place, document.service_date or date.max, document.document_id


def _exhibit(document: Document, reason: str, place: int) -> Exhibit:
    entry = document_kinds().get(document.kind)
    # Never the document's own title: it is free text and may name somebody else.
    title = entry.label if entry is not None else document.kind.replace("_", " ")
    if is_print(document.document_id):
        title = ACKNOWLEDGMENT_PRINT
    return Exhibit(
        label=exhibit_label(place),
        document_id=document.document_id,
        kind=document.kind,
        title=title,
        service_date=document.service_date,
        reason=reason,
        fingerprint=document_fingerprint(document),
    )


def document_fingerprint(document: Document) -> str:
    """SHA-256 over what the packet would show: the text layer and the file's hash."""
    shown = f"{document.content_sha256}\n{document.text}"
    return hashlib.sha256(shown.encode()).hexdigest()


def exhibit_label(place: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = ascii_uppercase[rest] + letters
    return letters


def kind_label(kind: str) -> str:
    """Our short name of a document kind; the kind itself where it has none."""
    entry = document_kinds().get(kind)
    if entry is None:
        return kind.replace("_", " ")
    return label_in_words(entry.label)


def _missing(needs: EvidenceNeeds, attached: set[str]) -> tuple[MissingEvidence, ...]:
    return tuple(
        MissingEvidence(
            kind=group.kinds[0],
            why=f"No usable {one_of(group.kinds)} is on file. {group.why}",
            supplied_by=_suppliers(group.kinds),
        )
        for group in needs.groups
        if not attached & set(group.kinds)
    )


def _suppliers(kinds: Sequence[str]) -> str:
    """Who can supply any of these kinds; each with its kind where they differ."""
    billing = "the practice's billing staff"
    who = {kind: SUPPLIERS.get(kind, billing) for kind in kinds}
    if len(set(who.values())) == 1:
        return who[kinds[0]]
    return "; ".join(f"{kind_label(kind)}: {one}" for kind, one in who.items())


def _missing_consent(
    case: CaseFile, wanted: Sequence[str], *, on: date
) -> tuple[MissingEvidence, ...]:
    """The consent without which protected records of this letter stay behind."""
    protected = any(
        document.sensitivity is Sensitivity.PART_2 and document.kind in wanted
        for document in case.documents
    )
    if not protected or consent_for(case, on=on) is not None:
        return ()
    return (
        MissingEvidence(
            kind="part2_consent",
            why="Records of this patient are protected by 42 CFR part 2 and no valid "
            "consent to disclose them is on file.",
            supplied_by=SUPPLIERS["part2_consent"],
        ),
    )


def one_of(kinds: Sequence[str]) -> str:
    """The kinds in words, any of which will do."""
    return " or ".join(kind_label(kind) for kind in kinds)


def _refutations(
    withheld: Sequence[WithheldDocument], case: CaseFile
) -> tuple[str, ...]:
    reasons = [document.reason for document in withheld if document.refutes]
    recorded = minutes_contradiction(supported_minutes(case), case)
    if recorded is not None and recorded not in reasons:
        reasons.append(recorded)
    return tuple(dict.fromkeys(reasons))
