"""One remittance judges the denials it touches, and nothing that was refused counts."""

from api.examples import example_835, example_837p
from denialml.store.audit import list_events
from denialml.store.database import open_session
from tests.api.running import X12, Running


def of_another_patient(text: str, number: int) -> str:
    """The example's file for another claim of another patient."""
    return (
        text.replace("EXAMPLE-0001", f"EXAMPLE-{number:04}")
        .replace("EXAMPLE-MRN-1", f"EXAMPLE-MRN-{number}")
        .replace("EXM0000001", f"EXM{number:07}")
        .replace("TRN*1*EXAMPLE0001", f"TRN*1*EXAMPLE{number:04}")
    )


def judged(running: Running, organization_id: str) -> list[int | None]:
    """How many denials each judgment read anew."""
    with open_session(running.engine, read_only=True) as session:
        events = list_events(session, organization_id, limit=1000)
    return [it.record_count for it in events if it.action == "denials.found"]


def test_a_remittance_judges_only_what_it_touches(running: Running) -> None:
    organization = running.add_organization("Many patients")
    with running.client(running.key(organization)) as client:

        def send(path: str, text: str) -> dict[str, object]:
            answer = client.post(path, content=text, headers=X12)
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        for number in (1, 2, 3):
            send("/v1/files", of_another_patient(example_837p(), number))
            report = send("/v1/remittances", of_another_patient(example_835(), number))
            found = report["denials"]
            assert isinstance(found, dict)
            assert (found["new"], found["open"]) == (1, number)
        # The first judges everything there is, each later one its own denial.
        assert judged(running, organization) == [1, 1, 1]
        # A refused file is rolled back, and nobody remembers it.
        refused = client.post(
            "/v1/remittances",
            content=of_another_patient(example_837p(), 4),
            headers=X12,
        )
        assert refused.status_code == 422
        send("/v1/files", of_another_patient(example_837p(), 4))
        send("/v1/remittances", of_another_patient(example_835(), 4))
        assert judged(running, organization) == [1, 1, 1, 1]
        # A payer's terms bear on all of its denials.
        payers = client.post(
            "/v1/files",
            content="payer_id,name,appeal_window_days\nNGHP1,Northgate,60\n",
            headers={"Content-Type": "text/csv"},
        )
        assert payers.json()["records_new"] == {"Payer": 1}
        report = send("/v1/remittances", of_another_patient(example_835(), 4))
        assert judged(running, organization)[-1] == 4
        found = report["denials"]
        assert isinstance(found, dict)
        assert (found["new"], found["changed"], found["known"]) == (0, 4, 0)
