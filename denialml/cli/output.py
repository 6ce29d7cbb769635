"""Where the terminal's words go: data on stdout, progress and remarks on stderr."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from denialml.domain.problem import Problem

remarks = Console(stderr=True, highlight=False)
data = Console(highlight=False, soft_wrap=True)

ProgressCallback = Callable[[int, int], None]


def write_json(value: Any) -> None:
    """One JSON document on stdout, indented; money as strings, dates as ISO."""
    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.buffer.write(encoded + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def progress(label: str) -> Iterator[ProgressCallback]:
    """A progress line on stderr; yields a callback taking (done, total)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=remarks, transient=False) as bar:
        task = bar.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield advance


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout. The first column is never broken: people copy it."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for at, name in enumerate(columns):
        drawn.add_column(name, overflow="fold", no_wrap=at == 0)
    for row in rows:
        drawn.add_row(*row)
    data.print(drawn)


def describe_problem(problem: Problem) -> str:
    """One problem on one line: place, what is wrong, and what to do."""
    place = problem.file
    if problem.segment is not None:
        place += f", segment {problem.segment}"
    if problem.element:
        place += f", {problem.element}"
    if problem.row is not None:
        place += f", row {problem.row}"
    if problem.column:
        place += f", column {problem.column}"
    said = problem.message
    # PHI may be shown here: to the person who sent the file, never to a log.
    if problem.value and problem.value not in said:
        said += f" Found {problem.value!r}."
    return f"{problem.severity}: {place}: {said} Fix: {problem.fix}"
