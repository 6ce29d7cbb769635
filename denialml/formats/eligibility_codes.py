"""The codes of a 271's benefits (EB) that are read, and of the days beside them."""

ACTIVE_CODES = frozenset("12345")
INACTIVE_CODES = frozenset("678")
NOT_COVERED = "I"
CANNOT_PROCESS = "V"
OTHER_PAYER = "R"
LIMITATION = "F"
REMAINING = "29"
VISITS = "VS"
# Another organization answers for the benefit in all things. A carved-out benefit is
# mostly an active one that names its payer (X12, request for interpretation 1440).
ASK_ELSEWHERE = "U"
# EB04 says these of itself (X12 element 1336), whoever answers.
MEDICARE_RISK_PLAN = "HN"
QUALIFIED_BENEFICIARY = "QM"
# CMS lists the Medicare Advantage plan as another payer (EB R) of one of these kinds;
# of any other payer's answer they are its own plans.
ADVANTAGE_PLANS = frozenset({MEDICARE_RISK_PLAN, "HM", "IN", "PR", "PS"})
CMS = "CMS"
# Mental health, psychotherapy, psychiatric outpatient, mental health outpatient.
MENTAL_HEALTH_TYPES = frozenset({"MH", "A6", "A8", "CF"})
# With psychiatric, substance use and the facilities of both.
BEHAVIORAL_TYPES = MENTAL_HEALTH_TYPES | {
    *("A4", "A7", "AI", "AJ", "AK", "CE", "CG", "CH", "CI", "CJ"),
}
GENERAL_TYPES = frozenset({"30", "1", ""})
BEGINS = ("346", "356")
ENDS = ("347", "357")
SPANS = ("291", "307")
