"""Payer and office documents about a denied claim: letters, printouts, extracts."""

from datetime import timedelta

from denialml.domain.coverage import EligibilityCheck, Enrollment
from denialml.domain.document import Sensitivity
from denialml.simulation import payer_texts as texts
from denialml.simulation.about import About
from denialml.simulation.denial_letters import draw_letter
from denialml.simulation.filing import Folder
from denialml.simulation.payers import Policy
from denialml.simulation.rules import Rule
from denialml.simulation.truth import root_cause


def _policy(about: About) -> Policy:
    return about.state.policy(about.sent.coverage)


def file_authorizations(folder: Folder, about: About) -> None:
    """The payer's letters; where it sent none, in four of ten the request's log."""
    policy, person = _policy(about), about.person
    grants = about.state.grants.get((person.number, policy.index), [])
    first = about.sent.session.visit.days[0]
    for grant in grants:
        folder.add(
            f"grant {grant.number}",
            "auth_letter" if grant.approved else "um_denial_letter",
            text=texts.authorization_letter(
                person,
                about.member_id,
                payer=policy.payer,
                grant=grant,
                timeline=about.state.timeline,
            ),
            trap="expired_authorization" if grant.ends < first else "",
            valid_through=about.state.timeline.date(grant.ends),
            payer_id=policy.payer.payer_id,
            authorization_number=grant.number,
            authored_on=about.state.timeline.date(grant.issued),
            **about.patient_fields,
        )
    service_date = about.sent.claim.lines[0].service_date
    asked = folder.chance(f"request {person.number}", 0.4)
    if grants or service_date is None or not asked:
        return
    requested = service_date - timedelta(days=9)
    folder.add(
        f"request {about.member_id}",
        "auth_request_log",
        text=texts.request_log(
            person,
            about.member_id,
            payer=policy.payer,
            code=about.sent.session.lines[0].code,
            requested_on=requested,
        ),
        payer_id=policy.payer.payer_id,
        authored_on=requested,
        **about.patient_fields,
    )


def file_eligibility(
    folder: Folder, about: About, *, checks: list[EligibilityCheck]
) -> None:
    """Printouts of the last answers about this coverage."""
    policy = _policy(about)
    for check in checks[-4:]:
        if check.member_id != about.member_id:
            continue
        folder.add(
            f"check {check.trace_number}",
            "eligibility_271",
            text=texts.eligibility_printout(about.person, policy.payer, check=check),
            payer_id=check.payer_id,
            service_date=check.service_date,
            authored_on=check.checked_on,
            **about.patient_fields,
        )


def file_questionnaire(folder: Folder, about: About) -> None:
    """The member's answer about other coverage, once it was settled."""
    coverage, policy = about.sent.coverage, _policy(about)
    day = about.state.charts[about.person.number].settled_on
    if day is None or coverage.other_known >= 0:
        return
    answered = about.state.timeline.date(day)
    folder.add(
        f"questionnaire {about.member_id} {day}",
        "cob_questionnaire",
        text=texts.coverage_questionnaire(
            about.person, about.member_id, payer=policy.payer, answered_on=answered
        ),
        payer_id=policy.payer.payer_id,
        authored_on=answered,
        signed_on=answered,
        **about.patient_fields,
    )


def file_acceptance(folder: Folder, about: About) -> None:
    """An extract of the 277CA; that of a late claim proves the payer right."""
    policy, sent = _policy(about), about.sent
    accepted = about.state.timeline.date(sent.submitted + 1)
    number = sent.claim.patient_control_number
    folder.add(
        f"acceptance {number} {sent.submitted}",
        "277ca_acceptance",
        text=texts.claim_acceptance(
            about.person,
            about.member_id,
            payer=policy.payer,
            control_number=number,
            accepted_on=accepted,
            charge=str(sent.claim.total_charge),
        ),
        trap="proves_late_filing" if Rule.TIMELY in sent.causes else "",
        payer_id=policy.payer.payer_id,
        patient_control_number=number,
        authored_on=accepted,
        **about.patient_fields,
    )


def file_enrollment(
    folder: Folder, about: About, *, enrollments: dict[tuple[str, str], Enrollment]
) -> None:
    """The payer's letter of participation and the clinician's license."""
    policy, worker = _policy(about), about.worker
    enrollment = enrollments[worker.record.npi, policy.payer.payer_id]
    folder.add(
        f"enrollment {worker.number} {policy.index}",
        "credentialing_letter",
        text=texts.enrollment_letter(
            worker, policy.payer, effective_on=enrollment.effective_on
        ),
        sensitivity=Sensitivity.PROVIDER_DATA,
        payer_id=policy.payer.payer_id,
        clinician_npi=worker.record.npi,
        authored_on=enrollment.recorded_on,
        signed_on=enrollment.recorded_on,
    )
    folder.add(
        f"license {worker.number}",
        "license",
        text=texts.license_page(worker),
        sensitivity=Sensitivity.PROVIDER_DATA,
        clinician_npi=worker.record.npi,
        authored_on=worker.record.license_begins_on,
    )


def file_benefits(folder: Folder, about: About) -> None:
    """The plan's summary of benefits, on file for six patients in ten."""
    policy, person = _policy(about), about.person
    if not folder.chance(f"benefits {person.number}", 0.6):
        return
    begun = about.state.timeline.date(max(0, about.sent.coverage.loaded_on))
    folder.add(
        f"benefits {about.member_id}",
        "benefit_summary",
        text=texts.benefit_summary(
            person,
            about.member_id,
            payer=policy.payer,
            visit_limit=person.visit_limit,
            code=about.sent.session.lines[0].code,
        ),
        payer_id=policy.payer.payer_id,
        authored_on=begun,
        **about.patient_fields,
    )


def file_referral(folder: Folder, about: About) -> None:
    """A referral that was on file but not on the claim, for every second patient."""
    if not folder.chance(f"referral {about.person.number}", 0.5):
        return
    referred = about.state.timeline.date(max(0, about.person.begins))
    folder.add(
        f"referral {about.member_id}",
        "referral_form",
        text=texts.referral_form(
            about.person,
            about.member_id,
            number=f"R{about.sent.session.number:07d}",
            referred_on=referred,
        ),
        authored_on=referred,
        signed_on=referred,
        **about.patient_fields,
    )


def file_denial_letter(folder: Folder, about: About, *, received: int) -> None:
    """The payer's letter about the first line denied, where it sent one."""
    policy, sent = _policy(about), about.sent
    rule = next(cause for cause in sent.causes if cause is not None)
    cause = root_cause(rule, error_cause=policy.error_cause)
    number = sent.claim.patient_control_number
    letter = draw_letter(folder.seeded(f"letter {sent.answer.payer_number}"), cause)
    if letter is None:
        return
    written = about.state.timeline.date(received)
    folder.add(
        f"letter {sent.answer.payer_number}",
        "um_denial_letter",
        text=texts.denial_letter(
            about.person,
            about.member_id,
            payer=policy.payer,
            letter=letter,
            claim=sent.claim,
            payer_number=sent.answer.payer_number,
            written_on=written,
        ),
        trap="misleading_letter" if letter.misleads(cause) else "",
        payer_id=policy.payer.payer_id,
        patient_control_number=number,
        service_date=sent.claim.lines[0].service_date,
        authored_on=written,
        **about.patient_fields,
    )
