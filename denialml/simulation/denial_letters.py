"""Payers' letters about denials: a sentence per cause, several ways to say it.

About three denials in ten come with a letter; one letter in ten states a reason that
is not the true one, as letters from a template do. All wording is ours.
"""

from random import Random

import msgspec

from denialml.domain.denial import RootCause

LETTER_SHARE = 0.30
MISLEADING_SHARE = 0.10

SENTENCES: dict[RootCause, tuple[str, ...]] = {
    RootCause.ELIGIBILITY_COVERAGE: (
        "Our records show that the member's coverage had ended before the visit.",
        "The patient was not an active member of this plan on the date of service.",
        "We find no coverage in force for this person on the day of treatment.",
        "Membership was terminated; please ask the patient for current insurance.",
    ),
    RootCause.COB_WRONG_PAYER: (
        "Another health plan appears to be primary for this member.",
        "Please bill the other insurer first and send us its statement.",
        "The member has not answered our question about other insurance.",
        "We may be the second payer here; coordination of benefits is open.",
    ),
    RootCause.BENEFIT_COVERAGE: (
        "The member's benefit plan does not include this kind of service.",
        "This procedure is excluded under the terms of the policy.",
        "The plan document lists the service billed among its exclusions.",
        "There is no benefit for the treatment described on the claim.",
    ),
    RootCause.BENEFIT_LIMIT: (
        "The number of outpatient visits allowed in the benefit year is used up.",
        "The yearly maximum for this benefit was reached before this visit.",
        "No visits remain under the member's mental health benefit this year.",
        "The member has had as many sessions as the plan pays for.",
    ),
    RootCause.AUTH_MISSING: (
        "This service needed approval in advance and none was asked for.",
        "We have no authorization on file for the treatment billed.",
        "Precertification was not obtained before the service was given.",
        "Prior approval is required after the first visits; we found no request.",
    ),
    RootCause.AUTH_MISMATCH: (
        "The approval on file does not match the dates or the service billed.",
        "All units approved under the authorization had already been used.",
        "The authorization had run out when the service took place.",
        "The code billed is not among those we authorized.",
    ),
    RootCause.MEDICAL_NECESSITY: (
        "A clinical reviewer found that this level of treatment was not needed.",
        "The information received does not show that care at this intensity is needed.",
        "Our criteria for continued treatment were not met on review.",
        "The frequency of sessions exceeds what the condition calls for.",
    ),
    RootCause.DOCUMENTATION_INSUFFICIENT: (
        "Please send the session note so that we can review this claim.",
        "The records we asked for were not received or are not complete.",
        "We need the treatment plan and progress notes to decide.",
        "The claim was closed because clinical records are outstanding.",
    ),
    RootCause.CODING_TIME_UNITS: (
        "The time written down does not support the code that was billed.",
        "Start and stop times do not add up to the length of session billed.",
        "A shorter session code fits the minutes in the record.",
        "The units billed are more than the time documented.",
    ),
    RootCause.BUNDLING_SAME_DAY: (
        "Payment for this service is part of another one on the same day.",
        "The two services of that day are not paid apart without a modifier.",
        "This procedure is included in the visit already allowed for the date.",
        "Only one of the services given that day can be paid.",
    ),
    RootCause.MODIFIER_POS_TELEHEALTH: (
        "The place of service does not fit a visit held by video.",
        "A telehealth modifier is missing or is not the one we require.",
        "Claims for remote visits must carry the place of service in our manual.",
        "The modifier on the line is not valid for how the session was held.",
    ),
    RootCause.DIAGNOSIS_CODING: (
        "The diagnosis is not specific enough for the service billed.",
        "The diagnosis code on the claim does not support this procedure.",
        "This condition is not one for which the plan pays the service.",
        "Please send a diagnosis code with more detail.",
    ),
    RootCause.PROVIDER_ELIGIBILITY: (
        "The clinician was not enrolled with us on the date of service.",
        "We cannot find the rendering provider in our system.",
        "This type of provider may not be paid for the service billed.",
        "The clinician's participation was not in effect when care was given.",
    ),
    RootCause.NETWORK_REFERRAL: (
        "The member's plan needs a referral from the primary physician.",
        "No referral number was given for this specialist visit.",
        "The visit was not arranged by the member's primary care office.",
    ),
    RootCause.CLAIM_DATA_ERROR: (
        "The member's name or number on the claim does not match our records.",
        "A required field of the claim is missing or cannot be read.",
        "The claim cannot be processed because some of its data are not valid.",
        "Please correct the patient details and send the claim again.",
    ),
    RootCause.DUPLICATE_RESUBMISSION: (
        "We have already processed a claim for the same service and date.",
        "This appears to be a second copy of an earlier claim.",
        "The service was decided under another claim number.",
    ),
    RootCause.TIMELY_FILING: (
        "The claim reached us after the time allowed for filing.",
        "Claims must be sent within the limit of the contract; this one was late.",
        "More time passed between service and receipt than we accept.",
    ),
}
_OPENINGS = (
    "We have finished our review of the claim named above.",
    "Thank you for your claim. We cannot pay the service described below.",
    "This letter explains our decision about a claim from your office.",
)
_CLOSINGS = (
    "You may ask us to look at this decision again.",
    "If you disagree, you may appeal in writing.",
    "Please keep this letter with the patient's account.",
)


class Letter(msgspec.Struct, frozen=True):
    """What one letter says; `stated` is its cause, which may not be the true one."""

    sentence: str
    opening: str
    closing: str
    stated: RootCause

    def misleads(self, cause: RootCause) -> bool:
        """Whether the letter names another cause than the true one."""
        return self.stated is not cause


def draw_letter(random: Random, cause: RootCause) -> Letter | None:
    """The letter about a denial for `cause`, None for the seven in ten without."""
    if random.random() >= LETTER_SHARE:
        return None
    stated = cause
    if random.random() < MISLEADING_SHARE:
        stated = random.choice([one for one in SENTENCES if one is not cause])
    return Letter(
        random.choice(SENTENCES[stated]),
        random.choice(_OPENINGS),
        random.choice(_CLOSINGS),
        stated,
    )
