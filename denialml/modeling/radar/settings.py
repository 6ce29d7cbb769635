"""The radar's settings, chosen on simulated practices (seeds 101 to 103)."""

import msgspec


class RadarSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How wide the radar looks and how sure it must be.

    Parameters
    ----------
    nominal_alarms : float
        False alarms a quarter over a whole practice that the bound behind the
        thresholds allows (`evidence`). The bound is very loose: most groups could not
        raise an alarm if they tried. `benchmarks.radar` counts the alarms there are.
    window_days : int
        How long ago, in submission days, a change may have begun. Earlier rates are
        learnt from submissions older than this, so that a change does not teach
        itself.
    half_life_days : float
        After so many days an answer counts half in the earlier rates.
    prior_answers : float
        Weight of the wider group's rate in a narrower group's.
    least_answers : float
        Decayed earlier answers that a group needs to be watched.
    warm_up_days : int
        Days of learnt answers a payer needs before any of its groups is watched.
    least_patients : int
        Patients whose lines were denied since the start; fewer are no payer's rule.
    least_answer_days : int
        Days on which those denials were answered; one remittance alone is no trend.
    rise_sizes : tuple of float
        Shares of the otherwise paid lines that a change may deny, equally likely.
    added_denials : float
        Denials added to what was counted in each group, against rates near zero.
    rate_margin : float
        Earlier rates are multiplied by this: small drifts are no alarm.
    least_rate : float
        A reason never seen is taken to have this rate.
    evidence_without_one : float
        Log-evidence that must remain when the answers of the clinician, and of the
        patient, who speaks most for the change are left out.
    repeat_days : int
        See `answers.without_repeats`.
    resolved_evidence : float
        Log-evidence that the payer answers as before, from which a change is resolved.
    """

    nominal_alarms: float = 150.0
    window_days: int = 75
    half_life_days: float = 240.0
    prior_answers: float = 20.0
    least_answers: float = 20.0
    warm_up_days: int = 90
    least_patients: int = 3
    least_answer_days: int = 2
    rise_sizes: tuple[float, ...] = (0.06, 0.15, 0.35, 0.8)
    added_denials: float = 1.0
    rate_margin: float = 1.25
    least_rate: float = 0.004
    evidence_without_one: float = 2.0
    repeat_days: int = 60
    resolved_evidence: float = 8.0
