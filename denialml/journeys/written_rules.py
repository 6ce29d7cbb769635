"""An organization's rules as they stand, read again when a file of them changes."""

import threading
from pathlib import Path

from denialml.errors import RulesRejected
from denialml.journeys.rule_measuring import load_measures
from denialml.rules.organization_rules import (
    AS_THEY_COME,
    PracticeRules,
    load_organization_rules,
)
from denialml.rules.registry import all_rules

_Stamp = tuple[int, int, int] | None


def measures_beside(path: Path) -> Path:
    """Where what was measured lies: beside the rules file."""
    return path.with_suffix(".measured.json")


def written_rules(path: Path) -> PracticeRules:
    """The rules written in the file and what was measured; as they come without.

    Raises
    ------
    RulesRejected
        With the line of every fault.
    """
    written = AS_THEY_COME
    if path.exists() or path.is_symlink():
        if not path.is_file():
            raise RulesRejected(f"{path.name} is there, but is no file to read")
        written = load_organization_rules(path, known=frozenset(all_rules()))
    return PracticeRules(written=written, measures=load_measures(measures_beside(path)))


class WrittenRules:
    """One organization's rules for a service that runs on while they are edited.

    A file with a fault never replaces rules that were read: `fault` then says why, and
    the last good ones stand. Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamps: tuple[_Stamp, _Stamp] = (None, None)
        self._rules: PracticeRules | None = None
        self.fault = ""

    def current(self) -> PracticeRules:
        """The rules to judge with; the same object until a file changes.

        Raises
        ------
        RulesRejected
            If a file has a fault and nothing was ever read.
        """
        stamps = (_stamp(self._path), _stamp(measures_beside(self._path)))
        with self._lock:
            if self._rules is None or stamps != self._stamps:
                try:
                    self._rules = written_rules(self._path)
                    self.fault = ""
                except RulesRejected as error:
                    self.fault = str(error)
                    if self._rules is None:
                        raise
                self._stamps = stamps
            return self._rules

    def ready(self) -> PracticeRules | None:
        """The rules where no file has changed since they were read; reads nothing."""
        stamps = (_stamp(self._path), _stamp(measures_beside(self._path)))
        with self._lock:
            return self._rules if stamps == self._stamps else None


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
