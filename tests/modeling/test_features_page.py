"""docs/features.md lists exactly the features there are, in their order."""

import re

import pytest

from denialml.modeling.risk.feature import Feature
from denialml.modeling.risk.features import FEATURES


def test_the_page_lists_every_feature_with_its_unit_sentences_and_source(
    pytestconfig: pytest.Config,
) -> None:
    page = (pytestconfig.rootpath / "docs" / "features.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| (.*) \| (.*) \|$", page, re.M)
    expected = [
        (
            feature.name,
            feature.unit.replace("_", " "),
            _sentences(feature),
            feature.source,
        )
        for feature in FEATURES
    ]
    assert rows == expected


def _sentences(feature: Feature) -> str:
    if feature.evidence is not None:
        return f"{feature.says}, which raises (lowers) the risk."
    told = (feature.says, feature.says_negative, *(says for _, says in feature.levels))
    return " / ".join(each for each in told if each)
