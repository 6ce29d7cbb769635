"""A learnt model from its first run to its end: pages show what it says, and no more.

The practice is the one of the letters, with a model that may learn from few lines.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from denialml.domain.denial import RootCause
from denialml.errors import InputError
from denialml.journeys.cause_learning import (
    CauseLearning,
    forget_causes,
    learn_causes,
    model_on_file,
)
from denialml.journeys.confirming import confirm_cause
from denialml.modeling.root_cause import learnt_causes
from denialml.modeling.root_cause.practice_learning import (
    dump_cause_model,
    learn_cause_model,
)
from denialml.store.audit import AuditAction
from denialml.store.cause_models import save_cause_model
from denialml.store.database import migrate, open_engine, open_session
from tests.audit_key import AUDIT_KEY
from tests.journeys.test_payer_letters_read import NOW, TODAY, Practice
from tests.modeling.test_root_cause_learnt import CONFIRMED, LINES


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setattr(learnt_causes, "FEWEST_LINES", 20)
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        made = Practice(session, tmp_path)
        made.before = made.judge()
        yield made
    engine.dispose()


def learn(practice: Practice) -> CauseLearning:
    return learn_causes(
        practice.session,
        practice.organization_id,
        as_of=TODAY,
        now=NOW,
        actor="test",
    )


def versions(practice: Practice) -> set[str]:
    found = practice.judge().values()
    return {one.finding.model_version for one in found if one.finding is not None}


def confirm(practice: Practice, cause: RootCause) -> None:
    for one in practice.before.values():
        confirm_cause(
            practice.session,
            practice.organization_id,
            one.denial.denial_id,
            cause,
            as_of=TODAY,
            now=NOW,
            actor="test",
        )


def test_every_finding_follows_the_model_that_judges(practice: Practice) -> None:
    assert versions(practice) == {"codes-records-likeness"}
    report = learn(practice)
    assert report.is_kept, report.reason
    assert versions(practice) == {report.model_version}
    forgotten = forget_causes(
        practice.session, practice.organization_id, now=NOW, actor="test"
    )
    assert forgotten == report.model_version
    assert versions(practice) == {"codes-records-likeness"}
    assert practice.judge() == practice.before
    assert len(practice.events(AuditAction.CAUSES_FORGOTTEN)) == 1
    with pytest.raises(InputError, match="nothing to forget"):
        forget_causes(practice.session, practice.organization_id, now=NOW, actor="test")


def test_a_model_that_confirmed_causes_refute_judges_no_longer(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Learnt of lines whose causes nobody here confirms.
    learnt = learn_cause_model(LINES, confirmed=CONFIRMED, checked={})
    assert learnt is not None
    save_cause_model(
        practice.session,
        practice.organization_id,
        dump_cause_model(learnt),
        version=learnt.version,
        now=NOW,
    )
    confirm(practice, RootCause.COB_WRONG_PAYER)
    monkeypatch.setattr(learnt_causes, "FEWEST_LINES", 10_000)
    report = learn(practice)
    assert not report.is_kept
    assert (report.dropped, report.judges_on) == (learnt.version, "")
    assert model_on_file(practice.session, practice.organization_id) is None
    assert len(practice.events(AuditAction.CAUSES_FORGOTTEN)) == 1


def test_a_model_that_nothing_refutes_judges_on(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = learn(practice)
    monkeypatch.setattr(learnt_causes, "FEWEST_LINES", 10_000)
    report = learn(practice)
    assert (report.is_kept, report.judges_on) == (False, learnt.model_version)
    assert versions(practice) == {learnt.model_version}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"version": "x"}'])
def test_a_damaged_model_judges_nothing_and_stops_nothing(
    practice: Practice, content: bytes
) -> None:
    save_cause_model(
        practice.session,
        practice.organization_id,
        content,
        version="learnt-damaged",
        now=NOW,
    )
    assert model_on_file(practice.session, practice.organization_id) is None
    assert practice.judge() == practice.before
