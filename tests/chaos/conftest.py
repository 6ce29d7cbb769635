"""The running service of tests/api, here too."""

from tests.api.conftest import client, harbor, running

__all__ = ["client", "harbor", "running"]
