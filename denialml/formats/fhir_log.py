"""Where the problems of one FHIR resource go."""

from typing import Final

from denialml.formats.problems import ProblemLog

# Kinds of unread elements that are told apart; a hostile file may invent members.
MOST_KINDS: Final = 500


class ResourceLog:
    """Where problems of one resource go, and whether its record can still be used.

    `ordinal` counts the resources of the file from 1. `row` is the line of an NDJSON
    file. `spoiled` turns True where the record must be left out.
    """

    __slots__ = ("log", "ordinal", "pointer", "row", "seen", "spoiled")

    def __init__(
        self,
        log: ProblemLog,
        seen: set[str],
        *,
        ordinal: int,
        pointer: str = "",
        row: int | None = None,
    ) -> None:
        self.log = log
        self.seen = seen
        self.ordinal = ordinal
        self.pointer = pointer
        self.row = row
        self.spoiled = False

    def fault(
        self,
        code: str,
        message: str,
        *,
        pointer: str,
        expected: str,
        fix: str,
        spoils: bool = False,
        value: str | None = None,
    ) -> None:
        """Note an error; `spoils` where the record is left out because of it."""
        self.spoiled = self.spoiled or spoils
        if self.log.is_full and not spoils:
            self.log.suppressed += 1
            return
        self.log.add(
            code,
            message,
            expected=expected,
            fix=fix,
            incomplete=spoils,
            segment=self.ordinal,
            row=self.row,
            pointer=pointer,
            value=value,
        )

    def warn(
        self, code: str, message: str, *, pointer: str, expected: str, fix: str
    ) -> None:
        """Note what was read by a stated tolerance."""
        self.log.warn(
            code,
            message,
            expected=expected,
            fix=fix,
            segment=self.ordinal,
            row=self.row,
            pointer=pointer,
        )

    def warn_once(
        self,
        code: str,
        message: str,
        *,
        kind: str,
        pointer: str,
        expected: str,
        fix: str,
    ) -> None:
        """The same, once in a file for each `kind`."""
        key = f"{code} {kind}"
        if key in self.seen or len(self.seen) >= MOST_KINDS:
            return
        self.seen.add(key)
        self.warn(code, message, pointer=pointer, expected=expected, fix=fix)
