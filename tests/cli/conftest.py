"""The running service of tests/api, for the commands that need a trained practice."""

from tests.api.conftest import running

__all__ = ["running"]
