"""Simulated practices, made once for this folder."""

from datetime import date

import pytest

from denialml.domain.adjudication import LineOutcome, line_outcome
from denialml.domain.remittance import ClaimPayment
from denialml.simulation import SimulatedPractice, simulate_practice


def is_decision(payment: ClaimPayment) -> bool:
    """Whether an answer decides anything: neither pended nor a reversal."""
    services = payment.service_payments
    outcome = line_outcome(payment, services[0] if services else None)
    return outcome not in (LineOutcome.PENDING, LineOutcome.REVERSED)


@pytest.fixture(scope="session")
def two_years() -> SimulatedPractice:
    """Eight thousand claims in two years."""
    return simulate_practice(
        seed=5, claims=8000, starts_on=date(2024, 1, 1), ends_on=date(2025, 12, 31)
    )


@pytest.fixture(scope="session")
def four_months() -> SimulatedPractice:
    """Two hundred and fifty claims in four months, for tests of files."""
    return simulate_practice(
        seed=11, claims=250, starts_on=date(2025, 1, 1), ends_on=date(2025, 4, 30)
    )
