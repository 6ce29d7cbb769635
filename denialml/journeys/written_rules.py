"""An organization's rules file as it stands, read again when it changes."""

import threading
from pathlib import Path

from denialml.errors import RulesRejected
from denialml.rules.organization_rules import (
    AS_THEY_COME,
    OrganizationRules,
    load_organization_rules,
)
from denialml.rules.registry import all_rules


def written_rules(path: Path) -> OrganizationRules:
    """The rules written in the file; every rule as it comes where there is none.

    Raises
    ------
    RulesRejected
        With the line of the first fault.
    """
    if not path.is_file():
        return AS_THEY_COME
    return load_organization_rules(path, known=frozenset(all_rules()))


class WrittenRules:
    """One organization's rules for a service that runs on while they are edited.

    A file with a fault never replaces rules that were read: `fault` then says why, and
    the last good ones stand. Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._rules: OrganizationRules | None = None
        self.fault = ""

    def current(self) -> OrganizationRules:
        """The rules to judge with; the same object until the file changes.

        Raises
        ------
        RulesRejected
            If the file has a fault and nothing was ever read.
        """
        stamp = self._file_stamp()
        with self._lock:
            if self._rules is None or stamp != self._stamp:
                try:
                    self._rules = written_rules(self._path)
                    self.fault = ""
                except RulesRejected as error:
                    self.fault = str(error)
                    if self._rules is None:
                        raise
                self._stamp = stamp
            return self._rules

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
