"""Collects what could not be read, and whether anything may be missing."""

from typing import TypedDict, Unpack

from denialml.domain.problem import Problem, Severity

MOST_PROBLEMS = 1000


class Place(TypedDict, total=False):
    """Where a problem is; see `Problem` for each field."""

    segment: int | None
    loop: str | None
    element: str | None
    row: int | None
    column: str | None
    pointer: str | None
    value: str | None
    transaction: str | None


class ProblemLog:
    """The problems of one file, in the order found.

    `complete` turns False with the first problem after which a record may be
    missing. At most `MOST_PROBLEMS` are kept, so that a file of garbage cannot fill
    the memory; a last one then says how many more there were.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.complete = True
        self.suppressed = 0

    @property
    def is_full(self) -> bool:
        """Whether a further problem would only be counted."""
        return len(self.problems) >= MOST_PROBLEMS

    def warn(
        self,
        code: str,
        message: str,
        *,
        expected: str,
        fix: str,
        **place: Unpack[Place],
    ) -> None:
        """Note a fault that was read by a stated tolerance."""
        self._keep("warning", code, message, expected, fix, place)

    def add(
        self,
        code: str,
        message: str,
        *,
        expected: str,
        fix: str,
        incomplete: bool = False,
        **place: Unpack[Place],
    ) -> None:
        """Note a fault; `incomplete` where a record may be missing because of it."""
        if incomplete:
            self.complete = False
        self._keep("error", code, message, expected, fix, place)

    def close(self) -> None:
        """Say how many problems were not kept."""
        if self.suppressed:
            kept, self.suppressed = self.suppressed, 0
            self.problems.append(
                Problem(
                    severity="error",
                    code="too-many-problems",
                    file=self.file,
                    message=f"{kept} further problems are not listed",
                    expected=f"at most {MOST_PROBLEMS} problems in a file",
                    fix="mend the first ones and read the file again",
                )
            )

    def _keep(
        self,
        severity: Severity,
        code: str,
        message: str,
        expected: str,
        fix: str,
        place: Place,
    ) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.suppressed += 1
            return
        self.problems.append(
            Problem(
                severity=severity,
                code=code,
                file=self.file,
                message=message,
                expected=expected,
                fix=fix,
                **place,
            )
        )
