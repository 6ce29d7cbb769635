"""docs/features.md lists exactly the features there are, in their order."""

import re

import pytest

from denialml.modeling.features import FEATURES


def test_the_page_lists_every_feature_with_its_unit_and_source(
    pytestconfig: pytest.Config,
) -> None:
    page = (pytestconfig.rootpath / "docs" / "features.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| .* \| (.*) \|$", page, re.M)
    expected = [
        (feature.name, feature.unit.replace("_", " "), feature.source)
        for feature in FEATURES
    ]
    assert rows == expected
