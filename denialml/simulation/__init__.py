"""A behavioral-health practice with known truth: demo data, test bed, benchmark."""

from denialml.simulation.practice import (
    TRUTH_CAUSES,
    Appeal,
    DocumentTruth,
    RemittanceAdvice,
    SimulatedPractice,
    TruthRow,
)
from denialml.simulation.simulating import simulate_practice

__all__ = [
    "TRUTH_CAUSES",
    "Appeal",
    "DocumentTruth",
    "RemittanceAdvice",
    "SimulatedPractice",
    "TruthRow",
    "simulate_practice",
]
