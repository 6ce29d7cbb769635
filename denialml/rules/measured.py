"""How often a rule was right, by the practice's own remittances.

Many payers do not enforce what the rulebook says. A rule whose findings a payer has
mostly paid is still shown, as a warning, with the count that lowered it.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from denialml.domain.edit import Measured, Severity

# So many answered lines of all payers count as much as the payer's own.
_PRIOR = 5.0


class MeasuringPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """`[measured]`: whether what was measured lowers a rule's severity.

    A finding of ``deny-likely`` becomes a warning where, of at least `least_found`
    answered lines, fewer than the share `precision` were denied for what it found.
    Findings that reject or hold are never lowered: payers do not answer those.
    """

    lowers: bool = True
    least_found: int = 15
    precision: float = 0.6


class RuleMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each rule's findings, by rule with severity and by payer.

    Answers received before `as_of` to claims sent since `since` took part. The keys of
    `by_payer` are `measured_as`: a rule's milder findings are counted apart.
    """

    as_of: date
    since: date
    by_payer: dict[str, dict[str, Measured]]

    def of(
        self, rule_id: str, severity: Severity, payer_id: str, *, least: int
    ) -> Measured | None:
        """The payer's own count where it has `least` lines, else that of all payers.

        None where too few were answered to say anything.
        """
        counts = self.by_payer.get(measured_as(rule_id, severity))
        if counts is None:
            return None
        own = counts.get(payer_id)
        if own is not None and own.found >= least:
            return own
        pooled = pooled_over(list(counts.values()))
        return pooled if pooled.found >= least else None

    def lowered(
        self, severity: Severity, rule_id: str, payer_id: str, policy: MeasuringPolicy
    ) -> tuple[Severity, Measured | None]:
        """The severity by what was measured, and what that was."""
        found = self.of(rule_id, severity, payer_id, least=policy.least_found)
        if found is None or severity is not Severity.DENY_LIKELY or not policy.lowers:
            return severity, found
        every = self.of(rule_id, severity, "", least=1) or found
        share = (found.found * found.precision + _PRIOR * every.precision) / (
            found.found + _PRIOR
        )
        return (severity if share >= policy.precision else Severity.WARN), found


def measured_as(rule_id: str, severity: Severity) -> str:
    """Under what a rule's findings of one severity are counted."""
    return f"{rule_id} {severity}"


def pooled_over(counts: Sequence[Measured]) -> Measured:
    """All payers together."""
    found = sum(one.found for one in counts)
    return Measured(
        found=found,
        denied=sum(one.denied for one in counts),
        denied_for_cause=sum(one.denied_for_cause for one in counts),
        usually_denied=sum(one.usually_denied * one.found for one in counts)
        / max(1, found),
        of_payer=False,
    )


NOTHING_MEASURED = RuleMeasures(as_of=date.min, since=date.min, by_payer={})
"""No remittance was looked at: every rule at its own severity."""
