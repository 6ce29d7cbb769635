"""Sets of procedure codes that several families of rules speak of."""

from denialml.reference import procedure_codes

_TABLE = procedure_codes()
# What CPT lists as the visit under 90833, 90836 and 90838; 99211 is a nurse's.
VISITS_OF_ADD_ONS = frozenset(_TABLE["90833"].primary_codes)
NURSE_VISIT = "99211"
# 98016 is a short check-in, not a visit.
TELEMEDICINE_VISITS = frozenset(
    code.code
    for code in _TABLE.values()
    if code.family == "telemedicine E/M" and code.code != "98016"
)
EMERGENCY_VISITS = frozenset({"99281", "99282", "99283", "99284", "99285"})
VISITS = VISITS_OF_ADD_ONS | TELEMEDICINE_VISITS | EMERGENCY_VISITS
INTAKES = frozenset({"90791", "90792"})
STAND_ALONE_PSYCHOTHERAPY = frozenset({"90832", "90834", "90837"})
PSYCHOTHERAPY_WITH_VISIT = frozenset({"90833", "90836", "90838"})
INDIVIDUAL_PSYCHOTHERAPY = STAND_ALONE_PSYCHOTHERAPY | PSYCHOTHERAPY_WITH_VISIT
FAMILY_PSYCHOTHERAPY = frozenset({"90846", "90847"})
CRISIS = frozenset({"90839", "90840"})
BEHAVIOR_ANALYSIS = frozenset(
    {"97151", "97152", "97153", "97154", "97155", "97156", "97157", "97158"}
)
SEVERE_BEHAVIOR = frozenset({"0362T", "0373T"})
# What a clinician does not bill on a day of crisis psychotherapy.
NOT_WITH_CRISIS = (
    INTAKES
    | INDIVIDUAL_PSYCHOTHERAPY
    | FAMILY_PSYCHOTHERAPY
    | {"90845", "90849", "90853"}
)
# Services under which 90785 is not billed.
NOT_UNDER_COMPLEXITY = (
    CRISIS
    | FAMILY_PSYCHOTHERAPY
    | {"90849"}
    | VISITS
    | BEHAVIOR_ANALYSIS
    | SEVERE_BEHAVIOR
)
# One of them a month; 99494 only adds minutes to 99492 and 99493.
CARE_OF_A_MONTH = frozenset(
    {"99484", "99492", "99493", "G0323", "G0568", "G0569", "G0570", "G2214"}
)
