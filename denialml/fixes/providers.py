"""Fixes about who delivered the service, and whether the payer has loaded them."""

from collections.abc import Iterator

from denialml.domain.claim import Provider
from denialml.domain.coverage import Clinician, Enrollment
from denialml.domain.facts import EnrollmentState, PracticeRecords
from denialml.domain.fix import Edit, FixBy, FixClass, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction
from denialml.fixes.elements import (
    LINE_RENDERING_TAXONOMY,
    MODIFIERS,
    RENDERING_TAXONOMY,
    SUPERVISOR_FIRST_NAME,
    SUPERVISOR_LAST_NAME,
    SUPERVISOR_NPI,
    edit_of,
)
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.families.credentials_modifiers import (
    DEGREE_MODIFIERS,
    modifier_of_credential,
)
from denialml.rules.words import listed

_TOUCHES = "enrollment"
_ENROLLMENT_RULES = frozenset({"BH-095", "BH-096", "BH-097", "BH-106"})
_TAXONOMY_RULES = frozenset({"BH-004", "BH-005"})
_NOT_ENROLLED = (
    EnrollmentState.NOT_YET,
    EnrollmentState.ENDED,
    EnrollmentState.NONE,
)
_WHEN = {
    EnrollmentState.NOT_YET: "begins after the service",
    EnrollmentState.ENDED: "ended before the service",
    EnrollmentState.NONE: "is not on file",
}


def provider_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """What the practice's own records of its clinicians allow for this claim."""
    yield from _taxonomy(case)
    yield from _supervisor(case)
    yield from _degree(case)
    outside = [
        line for line in case.lines if line.facts.enrollment_state in _NOT_ENROLLED
    ]
    if outside:
        yield _finish(case, outside)
    elif case.lines:
        yield _confirm(case)


def _taxonomy(case: ClaimCase) -> Iterator[Candidate]:
    """The rendering provider's code as the practice's own file has it."""
    edits: list[Edit] = []
    proofs: dict[str, Proof] = {}
    claim = case.claim
    for line in case.lines:
        clinician = line.clinician
        if clinician is None or not clinician.taxonomy_code:
            continue
        at, number, provider = _rendering(line)
        if provider is None or provider.npi != clinician.npi:
            continue
        if provider.taxonomy_code == clinician.taxonomy_code:
            continue
        edit = edit_of(claim, at, clinician.taxonomy_code, line_number=number)
        if edit not in edits:
            edits.append(edit)
        proofs[clinician.npi] = _proof(
            clinician, f"is on file with taxonomy code {clinician.taxonomy_code}"
        )
    if edits:
        yield correction(
            FixKind.CORRECT_TAXONOMY_CODE,
            statement="Set the rendering provider's taxonomy code (PRV03) to"
            f" {listed(dict.fromkeys(one.after for one in edits))}, the one on file.",
            edits=tuple(edits),
            proofs=tuple(proofs.values()),
            may_resolve=_TAXONOMY_RULES,
        )


def _rendering(line: LineCase) -> tuple[str, int | None, Provider | None]:
    """Where the line's rendering provider stands, and who it is."""
    own = line.line.rendering_provider
    if own is not None and own.npi:
        return LINE_RENDERING_TAXONOMY, line.line.line_number, own
    return RENDERING_TAXONOMY, None, line.claim.rendering_provider


def _supervisor(case: ClaimCase) -> Iterator[Candidate]:
    claim = case.claim
    if claim.supervising_provider is not None and claim.supervising_provider.npi:
        return
    supervised = {
        line.clinician.supervisor_npi: line.clinician
        for line in case.lines
        if line.clinician is not None
        and line.clinician.is_supervised
        and line.clinician.supervisor_npi
    }
    supervisor = case.lines[0].records.supervisor if case.lines else None
    if len(supervised) != 1 or supervisor is None:
        return
    [(npi, clinician)] = supervised.items()
    if supervisor.npi != npi or not supervisor.last_name:
        return
    yield correction(
        FixKind.ADD_SUPERVISOR,
        statement=f"Name the supervisor of record, NPI {npi}, as supervising provider"
        " (2310D).",
        edits=(
            edit_of(claim, SUPERVISOR_LAST_NAME, supervisor.last_name),
            edit_of(claim, SUPERVISOR_FIRST_NAME, supervisor.first_name),
            edit_of(claim, SUPERVISOR_NPI, npi),
        ),
        proofs=(_proof(clinician, f"is on file as supervised by NPI {npi}"),),
        may_resolve=frozenset({"BH-099"}),
    )


def _degree(case: ClaimCase) -> Iterator[Candidate]:
    """The payer's modifier for the degree that the clinician holds."""
    edits, proofs = [], {}
    for line in case.lines:
        settings, clinician = line.policy.degree_modifiers, line.clinician
        if not settings or clinician is None or not clinician.credential:
            continue
        wanted = modifier_of_credential(settings, clinician.credential)
        if not wanted or wanted in line.line.modifiers:
            continue
        kept = [one for one in line.line.modifiers if one not in DEGREE_MODIFIERS]
        if len(kept) >= 4:
            continue
        number = line.line.line_number
        edits.append(
            edit_of(
                case.claim, MODIFIERS, " ".join([*kept, wanted]), line_number=number
            )
        )
        proofs[clinician.npi] = _proof(
            clinician, f"is on file with credential {clinician.credential}"
        )
        proofs["setting"] = Proof(
            record_kind="payer_setting",
            record_id=line.claim.payer.payer_id,
            says=f"The payer's degree_modifiers ask for {wanted}.",
        )
    if edits:
        yield correction(
            FixKind.ADD_DEGREE_MODIFIER,
            statement="Set the modifier of the degree that the clinician holds.",
            edits=tuple(edits),
            proofs=tuple(proofs.values()),
            line_numbers=tuple(one.line_number or 0 for one in edits),
            may_resolve=frozenset({"BH-101"}),
        )


def _finish(case: ClaimCase, lines: list[LineCase]) -> Candidate:
    payer_id = case.claim.payer.payer_id
    missing = {line.rendering_npi: line for line in lines}
    first = lines[0]
    days = [line.day for line in lines if line.day is not None]
    effective = min(days, default=case.as_of)
    return Candidate(
        kind=FixKind.FINISH_ENROLLMENT,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        statement="Hold the claim and have the payer enroll NPI"
        f" {listed(missing)} as of {effective}: the enrollment"
        f" {_WHEN[first.facts.enrollment_state]}. Never bill under another"
        " clinician's NPI.",
        proofs=tuple(
            Proof(
                record_kind="enrollment",
                record_id=one.clinician_npi,
                says=f"Enrolled from {one.effective_on}"
                f" to {one.ends_on or 'no last day'}.",
                known_on=one.recorded_on or one.effective_on,
            )
            for one in first.records.enrollments
        ),
        assumes=f"the payer dates the enrollment back to {effective}",
        supposed=PracticeRecords(
            enrollments=tuple(
                Enrollment(
                    clinician_npi=npi,
                    payer_id=payer_id,
                    effective_on=effective,
                    recorded_on=case.as_of,
                )
                for npi in missing
            )
        ),
        touches=frozenset({_TOUCHES}),
        may_resolve=_ENROLLMENT_RULES,
    )


def _confirm(case: ClaimCase) -> Candidate:
    npis = dict.fromkeys(line.rendering_npi for line in case.lines)
    return Candidate(
        kind=FixKind.CONFIRM_ENROLLMENT,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        statement=f"Ask the payer whether it has NPI {listed(npis)} loaded for the"
        " date of service, and hold the claim until it has.",
        assumes="the payer has the clinician loaded when the claim is sent",
        proves=frozenset({"clinician"}),
        touches=frozenset({_TOUCHES}),
        may_resolve=frozenset(),
    )


def _proof(clinician: Clinician, says: str) -> Proof:
    return Proof(
        record_kind="clinician",
        record_id=clinician.npi,
        says=f"NPI {clinician.npi} {says}.",
    )
