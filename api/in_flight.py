"""Which requests with an Idempotency-Key this process is answering at the moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class InFlight:
    """One per service. Another process's requests are the database's business."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answering: set[str] = set()

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether nobody else is inside this block with the same name."""
        with self._lock:
            is_first = name not in self._answering
            self._answering.add(name)
        try:
            yield is_first
        finally:
            if is_first:
                with self._lock:
                    self._answering.discard(name)
