"""The running service for the tests of the API."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.running import Running, running_service


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Running:
    """The service of this process; stopped after the last test of all areas."""
    service = running_service()
    # Not a finalizer of the fixture: three areas hold an instance of it.
    request.session.addfinalizer(service.stop)
    return service


@pytest.fixture(scope="session")
def harbor(running: Running) -> str:
    """The id of the practice most tests work in."""
    return running.organizations["Harbor Lane Counseling"]


@pytest.fixture
def client(running: Running, harbor: str) -> Iterator[httpx.Client]:
    """A client whose key may do everything in that practice."""
    with running.client(running.key(harbor)) as made:
        yield made
