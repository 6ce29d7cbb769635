"""Denial rates over a payer's newest few answers: they follow a changed rule quickly.

Each is drawn towards a standing rate of `rate_tables` until it has answers of its own.
"""

from denialml.modeling.knowledge.rate_table import (
    AUTHORIZATION,
    DIAGNOSIS,
    PROVIDER,
    SESSION,
    TIME,
    RateTable,
)

NEWEST_TABLES: tuple[RateTable, ...] = (
    RateTable(
        name="authorization_newest",
        topic="authorization",
        words="{payer}'s newest answers on {family} at this visit number with"
        " {authorization}",
        for_cause="for authorization",
        by=("payer", "family", "authorization", "authorization_sent", "visit_bucket"),
        parent="authorization_visit_denial",
        half_life_answers=3,
        prior_weight=1.0,
        causes=AUTHORIZATION,
    ),
    RateTable(
        name="authorization_state_newest",
        topic="authorization",
        words="{payer}'s newest answers on {family} with {authorization}",
        for_cause="for authorization",
        by=("payer", "family", "authorization", "authorization_sent"),
        parent="authorization_denial",
        half_life_answers=5,
        prior_weight=1.0,
        causes=AUTHORIZATION,
    ),
    RateTable(
        name="session_newest",
        topic="session",
        words="{payer}'s newest answers on sessions sent with place of service"
        " and modifiers {session}",
        for_cause="for place or modifier",
        by=("payer", "session", "modality"),
        parent="session_denial",
        half_life_answers=5,
        prior_weight=1.0,
        causes=SESSION,
    ),
    RateTable(
        name="minutes_newest",
        topic="time",
        words="{payer}'s newest answers on {code} where the documented minutes"
        " are {minutes_fit}",
        for_cause="for time or records",
        by=("payer", "code", "minutes_fit"),
        parent="minutes_denial",
        half_life_answers=8,
        prior_weight=2.0,
        causes=TIME,
    ),
    RateTable(
        name="diagnosis_newest",
        topic="diagnosis",
        words="{payer}'s newest answers on diagnosis {diagnosis}",
        for_cause="for the diagnosis",
        by=("payer", "diagnosis"),
        parent="diagnosis_denial",
        half_life_answers=6,
        prior_weight=1.0,
        causes=DIAGNOSIS,
    ),
    RateTable(
        name="clinician_newest",
        topic="enrollment",
        words="{payer}'s newest answers on this clinician's services",
        for_cause="for enrollment or network",
        by=("payer", "clinician"),
        parent="clinician_denial",
        half_life_answers=2,
        prior_weight=1.0,
        causes=PROVIDER,
    ),
    RateTable(
        name="payer_code_newest",
        topic="payer",
        words="{payer}'s newest answers on {code}",
        by=("payer", "code"),
        parent="payer_code",
        half_life_answers=10,
        prior_weight=3.0,
    ),
)
