"""Charges: legal, added up, not below the contract's fee and not mistyped."""

from decimal import Decimal

from denialml.domain.claim import ServiceLine
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.rule import About, CannotTell, Found, Verdict, claim_rule
from denialml.rules.words import dollars, listed, service

_ZERO_SETTING = CannotTell(
    "whether the payer takes lines without a charge (accepts_zero_charge)",
    MissingRecord.PAYER_SETTING,
    "accepts_zero_charge",
    severity=Severity.WARN,
)
_NO_SCHEDULE = CannotTell(
    "the payer's fee schedule (fee_schedule)",
    MissingRecord.PAYER_SETTING,
    "fee_schedule",
)
_OUTLIER_TIMES = 10
# Enough that one mistyped charge is not the middle one.
_LOOKED_BACK = 3
_ZERO = Decimal(0)


@claim_rule(
    "BH-107",
    About(
        title="Charge illegal or not added up",
        statement="No charge is negative, the claim's charge is the sum of its lines,"
        " and a line without a charge goes to payers that take it.",
        severity=Severity.REJECT,
        fields=("CLM02", "2400 SV102"),
        reason_codes=("16",),
        remark_codes=("M79",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Take the charge from the fee list of the practice and add the lines up"
        " again.",
        source="X12 005010X222 CLM02 and SV102, RARC M79; rulebook BH-107",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E38",),
    ),
)
def charges_wrong(case: ClaimCase) -> Verdict:
    total = _ZERO
    least = _ZERO
    without = False
    for line in case.claim.lines:
        charge = line.charge
        total += charge
        if not charge:
            without = True
        elif charge < least:
            least = charge
    if least < 0:
        return Found(
            says=f"A line is charged {dollars(least)}.",
            lines=tuple(
                line.line_number for line in case.claim.lines if line.charge < 0
            ),
        )
    if total != case.claim.total_charge:
        return Found(
            says=f"The claim's charge is {dollars(case.claim.total_charge)}; its lines"
            f" add up to {dollars(total)}."
        )
    return _without_charge(case) if without else None


def _without_charge(case: ClaimCase) -> Verdict:
    accepts = case.policy.accepts_zero_charge
    if accepts is None:
        return _ZERO_SETTING
    if accepts:
        return None
    free = [line for line in case.claim.lines if not line.charge]
    codes = list(dict.fromkeys(service(line.procedure_code) for line in free))
    return Found(
        says=f"{listed(codes)} {'has' if len(codes) == 1 else 'have'} no charge, which"
        " this payer does not take.",
        lines=tuple(line.line_number for line in free),
        severity=Severity.WARN,
    )


@claim_rule(
    "BH-108",
    About(
        title="Charge below the contract's fee",
        statement="The charge of each line is not below the payer's fee: the payer pays"
        " the lesser of the two.",
        severity=Severity.WARN,
        fields=("2400 SV102", "payer fee schedule"),
        reason_codes=("45",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Check the practice's charge list against the contract and raise what lies"
        " below it for all payers.",
        source="lesser-of clauses of contracts; rulebook BH-108",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def charge_below_fee(case: ClaimCase) -> Verdict:
    fees = case.policy.fee_schedule
    if fees is None:
        return _NO_SCHEDULE
    unknown = ""
    below: list[tuple[int, str]] = []
    for line in case.claim.lines:
        if line.unit_basis != "UN" or not line.charge:
            continue
        fee = fees.get(line.procedure_code)
        if fee is None:
            unknown = line.procedure_code
            continue
        allowed = Decimal(str(fee)) * line.units
        if line.charge < allowed:
            says = (
                f"{line.procedure_code} is charged {dollars(line.charge)}; the payer's"
                f" fee is {dollars(allowed)}."
            )
            below.append((line.line_number, says))
    if below:
        return _of_lines(below)
    if unknown:
        return CannotTell(
            f"the payer's fee for {unknown} (fee_schedule)",
            MissingRecord.PAYER_SETTING,
            "fee_schedule",
        )
    return None


@claim_rule(
    "BH-109",
    About(
        title="Charge far above the usual",
        statement="No charge is more than ten times what the practice usually charges"
        " for the code.",
        severity=Severity.WARN,
        fields=("2400 SV102", "2400 SV104", "claims sent before"),
        reason_codes=("45",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Compare charge and units with the note and the practice's charge list, and"
        " correct what was mistyped.",
        source="rulebook BH-109",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E07",),
    ),
)
def charge_outlier(case: ClaimCase) -> Verdict:
    unknown = ""
    above: list[tuple[int, str]] = []
    for line in case.lines:
        billed = line.line
        if not billed.charge or billed.units <= 0:
            continue
        usual = _usual_charge(line)
        if usual is None:
            unknown = billed.procedure_code
        elif billed.charge > _OUTLIER_TIMES * usual * _units(billed):
            says = (
                f"{billed.procedure_code} is charged {dollars(billed.charge)}; usual is"
                f" {dollars(usual * _units(billed))}."
            )
            above.append((billed.line_number, says))
    if above:
        return _of_lines(above)
    if unknown:
        # Of a first service nothing on this claim could be looked up: the fee tells.
        return CannotTell(
            f"an earlier charge of the patient's for {unknown}, or the payer's fee",
            MissingRecord.PAYER_SETTING,
            "fee_schedule",
        )
    return None


def _of_lines(said: list[tuple[int, str]]) -> Found:
    """What is said of each line by number, the same words once."""
    return Found(
        says=" ".join(dict.fromkeys(says for _, says in said)),
        lines=tuple(number for number, _ in said),
    )


def _usual_charge(line: LineCase) -> Decimal | None:
    """The middle charge a unit of the patient's last lines, else the fee."""
    code = line.line.procedure_code
    charged: list[Decimal] = []
    for one in reversed(line.records.sent):
        if one.procedure_code == code and one.charge and one.units > 0:
            charged.append(one.charge / one.units)
            if len(charged) == _LOOKED_BACK:
                break
    if charged:
        return sorted(charged)[len(charged) // 2]
    fee = (line.policy.fee_schedule or {}).get(code)
    return Decimal(str(fee)) if fee else None


def _units(line: ServiceLine) -> Decimal:
    """Units as sent lines count them: one where the line counts minutes."""
    return line.units if line.unit_basis == "UN" else Decimal(1)
