"""Simulated practices, made once for this folder."""

from datetime import date

import pytest

from denialml.simulation import SimulatedPractice, simulate_practice


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
