"""Exact probabilities from rule probabilities, one row per line."""

from denialml.domain.claim import Claim
from denialml.domain.denial import RootCause
from denialml.simulation.practice import TRUTH_CAUSES, TruthRow
from denialml.simulation.rules import RULE_CAUSES, Chance, Rule, left_over

_POSITION = {name: position for position, name in enumerate(TRUTH_CAUSES)}
_RULE_POSITION = {
    rule: _POSITION[RULE_CAUSES[rule].value if rule in RULE_CAUSES else "payer_error"]
    for rule in Rule
}


def root_cause(rule: Rule, *, error_cause: str) -> RootCause:
    """The cause of a denial by `rule`; a payer's error bears the cause it stated."""
    if rule is Rule.PAYER_ERROR:
        return RootCause(error_cause)
    return RULE_CAUSES[rule]


def truth_rows(
    claim: Claim,
    *,
    status: str,
    shared: list[Chance],
    lines: list[list[Chance]],
    causes: tuple[Rule | None, ...] | None,
    error_cause: str,
    cluster: str,
) -> list[TruthRow]:
    """Rows of one submission. `causes` is None when no payer adjudicated it."""
    assert claim.submitted_on is not None
    passes_claim = left_over(shared)
    passes_lines = [left_over(chances) for chances in lines]
    all_pass = passes_claim
    for passes in passes_lines:
        all_pass *= passes
    rows = []
    for position, line in enumerate(claim.lines):
        cause = causes[position] if causes is not None else None
        rows.append(
            TruthRow(
                patient_control_number=claim.patient_control_number,
                submitted_on=claim.submitted_on,
                frequency_code=claim.frequency_code,
                line_number=line.line_number,
                procedure_code=line.procedure_code,
                payer_id=claim.payer.payer_id,
                status=status,
                p_true_line=1.0 - passes_claim * passes_lines[position],
                p_true_claim=1.0 - all_pass,
                denied=None if causes is None else cause is not None,
                root_cause=(
                    root_cause(cause, error_cause=error_cause)
                    if cause is not None
                    else None
                ),
                payer_error=cause is Rule.PAYER_ERROR,
                cause_chances=_cause_chances(shared, lines[position]),
                cause_probabilities=_cause_probabilities(shared, lines[position]),
                cluster=cluster,
            )
        )
    return rows


def _cause_chances(shared: list[Chance], line: list[Chance]) -> tuple[float, ...]:
    passes = [1.0] * len(TRUTH_CAUSES)
    for rule, chance in shared:
        passes[_RULE_POSITION[rule]] *= 1.0 - chance
    for rule, chance in line:
        passes[_RULE_POSITION[rule]] *= 1.0 - chance
    return tuple(1.0 - value for value in passes)


def _cause_probabilities(shared: list[Chance], line: list[Chance]) -> tuple[float, ...]:
    """The first rule that fires is the cause: its chance times those before passing."""
    found = [0.0] * len(TRUTH_CAUSES)
    passes = 1.0
    for rule, chance in (*shared, *line):
        found[_RULE_POSITION[rule]] += passes * chance
        passes *= 1.0 - chance
    return tuple(found)
