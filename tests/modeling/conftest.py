"""The small practice and a bundle trained on it, made once for the area."""

from datetime import date

import pytest

from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.specification import Thin, TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from tests.modeling.small_practice import make_practice

TRAINED_AS_OF = date(2024, 2, 1)
# The small practice has 4,000 lines; most tests are of the model of a longer history.
FULL = TrainingSpecification(thin=Thin(lines=0))


@pytest.fixture(scope="session")
def small_records() -> PracticeRecords:
    return make_practice()


@pytest.fixture(scope="session")
def small_frame(small_records: PracticeRecords) -> Frame:
    return build_frame(small_records)


@pytest.fixture(scope="session")
def small_bundle(small_frame: Frame) -> Bundle:
    return train_bundle(small_frame, specification=FULL, known_by=TRAINED_AS_OF)
