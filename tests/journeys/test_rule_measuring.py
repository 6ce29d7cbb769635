"""Measuring rules on a stored history, on a small simulated practice."""

from pathlib import Path

import pytest

from denialml.errors import RulesRejected
from denialml.journeys.rule_measuring import (
    load_measures,
    measure_rules,
    save_measures,
)
from denialml.journeys.written_rules import WrittenRules, measures_beside
from denialml.rules.measured import NOTHING_MEASURED
from denialml.rules.organization_rules import (
    NO_RULES_OF_ITS_OWN,
    OrganizationRules,
    RuleSetting,
)
from denialml.store.database import open_session
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    AS_OF,
    SimulatedStore,
    simulated_store,
)


def test_what_was_found_is_counted_with_what_became_of_it(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    with open_session(simulated_store.engine, read_only=True) as session:
        found = measure_rules(
            session,
            simulated_store.organization_id,
            rules=OrganizationRules(),
            as_of=AS_OF,
        )
    assert found.as_of == AS_OF
    ended = found.by_payer["BH-014 deny-likely"]
    lines = sum(one.found for one in ended.values())
    assert lines > 10
    right = sum(one.precision * one.found for one in ended.values())
    assert right > 0.7 * lines
    for payers in found.by_payer.values():
        for one in payers.values():
            assert 0 <= one.denied_for_cause <= one.denied <= one.found


def test_a_rule_that_is_switched_off_is_not_measured(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    off = OrganizationRules(rules={"BH-014": RuleSetting(enabled=False)})
    with open_session(simulated_store.engine, read_only=True) as session:
        found = measure_rules(
            session, simulated_store.organization_id, rules=off, as_of=AS_OF
        )
    assert not any(key.startswith("BH-014") for key in found.by_payer)
    assert found.by_payer


def test_measures_are_kept_and_a_service_reads_them_again(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    rules_file = tmp_path / "org_1.toml"
    path = measures_beside(rules_file)
    written = WrittenRules(rules_file)
    assert written.current().measures == NOTHING_MEASURED
    with open_session(simulated_store.engine, read_only=True) as session:
        found = measure_rules(
            session,
            simulated_store.organization_id,
            rules=OrganizationRules(),
            as_of=AS_OF,
        )
    save_measures(found, path)
    assert load_measures(path) == found
    assert written.current().measures == found
    path.write_text("{}")
    assert written.current().measures == found, "the last good ones stand"
    assert "run it again" in written.fault
    with pytest.raises(RulesRejected, match="run it again"):
        load_measures(path)


def test_what_is_there_but_no_file_is_a_fault_and_not_no_rules(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "broken.toml").symlink_to(tmp_path / "nowhere")
    for name in ("folder.toml", "broken.toml"):
        with pytest.raises(RulesRejected, match="is no file to read"):
            WrittenRules(tmp_path / name).current()
    assert WrittenRules(tmp_path / "none.toml").current() == NO_RULES_OF_ITS_OWN
    assert WrittenRules(tmp_path / "none.toml").ready() is None
