"""A throw-away PostgreSQL server from Debian's package, for the tests that want one."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ACCOUNT = "postgres"
STARTING_SECONDS = 60


def server_binaries() -> Path | None:
    """The newest installed server's programs, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


_CLUSTER = ["-A", "trust", "-U", ACCOUNT, "-E", "UTF8", "--no-sync"]


@cache
def server_url() -> str:
    """The URL, with ``{database}`` in it, of a server that ends with this process.

    It listens on a socket in a folder of its own. Skips the test where PostgreSQL is
    not installed or there is no account to run it under.
    """
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    account = pwd.getpwuid(os.getuid())
    options: dict[str, Any] = {}
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam(ACCOUNT)
        except KeyError:
            pytest.skip("PostgreSQL refuses to run as root: no postgres account")
        options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="denialml-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chown(folder, account.pw_uid, account.pw_gid)
    options |= {"cwd": folder, "stdout": subprocess.DEVNULL}
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, *_CLUSTER],
        check=True,
        stderr=subprocess.DEVNULL,
        **options,
    )
    settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(folder)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *settings], stderr=log, **options
        )
    atexit.register(_stop, server)
    deadline = time.monotonic() + STARTING_SECONDS
    ready = [binaries / "pg_isready", "-q", "-h", folder, "-U", ACCOUNT]
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail((folder / "log").read_text())
        time.sleep(0.1)
    return f"postgresql://{ACCOUNT}@/{{database}}?host={folder}"


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGQUIT)  # at once: nothing is kept
    server.wait(30)
