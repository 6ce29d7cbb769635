"""Bodies of simulated payer and office documents, in labeled lines; all invented."""

from datetime import date

from denialml.domain.claim import Claim
from denialml.domain.coverage import EligibilityCheck, Payer
from denialml.simulation.authorizing import Grant
from denialml.simulation.clinical_texts import identity_lines
from denialml.simulation.denial_letters import Letter
from denialml.simulation.people import Person, Worker
from denialml.simulation.timeline import Timeline


def authorization_letter(
    person: Person,
    member_id: str,
    *,
    payer: Payer,
    grant: Grant,
    timeline: Timeline,
) -> str:
    """The payer's answer to a request for authorization."""
    date_of = timeline.date
    decision = "approved" if grant.approved else "not approved"
    return "\n".join(
        [
            payer.name,
            "NOTICE OF AUTHORIZATION DECISION",
            *identity_lines(person, member_id),
            f"Authorization number: {grant.number}",
            f"Issued: {date_of(grant.issued).isoformat()}",
            f"Decision: {decision}",
            f"Services: {', '.join(grant.codes)}",
            f"Units: {grant.units}",
            f"Valid from: {date_of(grant.begins).isoformat()}",
            f"Valid through: {date_of(grant.ends).isoformat()}",
            "",
        ]
    )


def eligibility_printout(
    person: Person, payer: Payer, *, check: EligibilityCheck
) -> str:
    """A printout of one 271 answer about one member."""
    lines = [
        f"{payer.name}: ELIGIBILITY RESPONSE (271 printout)",
        *identity_lines(person, check.member_id),
        f"Checked: {check.checked_on.isoformat()}",
        f"Service date asked: {(check.service_date or check.checked_on).isoformat()}",
        f"Status: {check.result.value}",
        f"Plan: {check.plan_name}",
    ]
    if check.coverage_begin is not None:
        lines.append(f"Coverage began: {check.coverage_begin.isoformat()}")
    if check.coverage_end is not None:
        lines.append(f"Coverage ended: {check.coverage_end.isoformat()}")
    if check.other_payer_name:
        lines.append(f"Other coverage on file: {check.other_payer_name}")
    if check.visits_remaining is not None:
        lines.append(f"Visits remaining: {check.visits_remaining}")
    lines += [f"Trace: {check.trace_number}", ""]
    return "\n".join(lines)


def claim_acceptance(
    person: Person,
    member_id: str,
    *,
    payer: Payer,
    control_number: str,
    accepted_on: date,
    charge: str,
) -> str:
    """An extract of a 277CA that speaks of one claim only."""
    return "\n".join(
        [
            f"{payer.name}: CLAIM ACKNOWLEDGMENT (277CA extract of one claim)",
            *identity_lines(person, member_id),
            f"Patient control number: {control_number}",
            "Status category: A2 (accepted into adjudication)",
            f"Accepted on: {accepted_on.isoformat()}",
            f"Charge: {charge}",
            "",
        ]
    )


def enrollment_letter(worker: Worker, payer: Payer, *, effective_on: date) -> str:
    """The payer's letter that a clinician takes part from a date."""
    name = f"{worker.record.first_name} {worker.record.last_name}"
    return "\n".join(
        [
            payer.name,
            "NOTICE OF PARTICIPATION",
            f"Clinician: {name}, {worker.credential}",
            f"NPI: {worker.record.npi}",
            f"Effective date: {effective_on.isoformat()}",
            "",
        ]
    )


def license_page(worker: Worker) -> str:
    """The state's page about a clinician's license."""
    record = worker.record
    ends = record.license_ends_on.isoformat() if record.license_ends_on else ""
    return "\n".join(
        [
            "STATE LICENSE VERIFICATION",
            f"Clinician: {record.first_name} {record.last_name}, {record.credential}",
            f"License number: {record.license_number}",
            f"State: {record.license_state}",
            f"Expires: {ends}",
            "",
        ]
    )


def request_log(
    person: Person, member_id: str, *, payer: Payer, code: str, requested_on: date
) -> str:
    """The office's log of a request that the payer has not decided."""
    return "\n".join(
        [
            "AUTHORIZATION REQUEST LOG",
            *identity_lines(person, member_id),
            f"Payer: {payer.name}",
            f"Requested: {requested_on.isoformat()} by portal",
            f"Services: {code}",
            "Decision: none received",
            "",
        ]
    )


def benefit_summary(
    person: Person, member_id: str, *, payer: Payer, visit_limit: int, code: str
) -> str:
    """The page of the member's plan that speaks of outpatient behavioral health."""
    limit = f"{visit_limit} visits a year" if visit_limit else "no visit limit stated"
    return "\n".join(
        [
            f"{payer.name}: SUMMARY OF BENEFITS",
            *identity_lines(person, member_id),
            f"Outpatient mental health: covered, {limit}.",
            f"Exclusions: none of those listed names code {code}.",
            "",
        ]
    )


def coverage_questionnaire(
    person: Person, member_id: str, *, payer: Payer, answered_on: date
) -> str:
    """The member's answer about other coverage."""
    return "\n".join(
        [
            f"{payer.name}: COORDINATION OF BENEFITS QUESTIONNAIRE",
            *identity_lines(person, member_id),
            f"Answered: {answered_on.isoformat()}",
            f"{payer.name} is the primary plan. Other coverage has ended.",
            f"Signed: {person.first_name} {person.last_name}",
            "",
        ]
    )


def referral_form(
    person: Person, member_id: str, *, number: str, referred_on: date
) -> str:
    """The referral of a primary care practice."""
    return "\n".join(
        [
            "REFERRAL TO BEHAVIORAL HEALTH",
            *identity_lines(person, member_id),
            f"Referral number: {number}",
            f"Date: {referred_on.isoformat()}",
            "Reason: evaluation and treatment.",
            "",
        ]
    )


def denial_letter(
    person: Person,
    member_id: str,
    *,
    payer: Payer,
    letter: Letter,
    claim: Claim,
    payer_number: str,
    written_on: date,
) -> str:
    """A letter about a denial: which claim, and why in the payer's words."""
    served = claim.lines[0].service_date
    return "\n".join(
        [
            payer.name,
            "NOTICE OF CLAIM DENIAL",
            f"Date: {written_on.isoformat()}",
            *identity_lines(person, member_id),
            f"Patient control number: {claim.patient_control_number}",
            f"Claim number: {payer_number}",
            f"Date of service: {served.isoformat() if served else ''}",
            f"{letter.opening} {letter.sentence} {letter.closing}",
            "",
        ]
    )
