"""An application on a socket of its own, for tests that need a second service."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True)
class Address:
    """Where a service listens."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A plain connection, for what no HTTP client would do."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@contextmanager
def serving(app: ASGIApp, *, grace_seconds: int | None = None) -> Iterator[Address]:
    """Serve `app` on loopback until the block ends."""
    # The protocol must be named: asyncio turns Nagle off only for sockets that say TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=grace_seconds,
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Address(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
