"""The store's databases, for the journeys' tests."""

from tests.store.conftest import (  # noqa: F401 (fixtures)
    empty_postgresql_url,
    engine,
    organization_id,
    session,
)
