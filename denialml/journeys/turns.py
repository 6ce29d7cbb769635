"""A lock that is handed on in the order in which it was asked for.

`threading.Lock` may be taken again and again by the thread that just gave it back: a
long batch, scored a slice at a time, would keep every other request waiting until its
end. Here whoever asks next gets the next turn.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """First come, first served."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: deque[Lock] = deque()
        self._is_taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and have it until the block ends."""
        self._take()
        try:
            yield
        finally:
            self.give_back()

    def take_at_once(self) -> bool:
        """Take a turn if nobody has it or waits for it; then `give_back`."""
        with self._guard:
            if self._is_taken:
                return False
            self._is_taken = True
            return True

    def give_back(self) -> None:
        """Hand the turn to whoever has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def _take(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            called = Lock()
            called.acquire()
            self._waiting.append(called)
        called.acquire()
