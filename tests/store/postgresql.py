"""A throw-away PostgreSQL server from Debian's package, for the tests that want one."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ACCOUNT = "postgres"


def server_binaries() -> Path | None:
    """The newest installed server's programs, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


@contextmanager
def running_server() -> Iterator[str]:
    """A server on a socket in a folder of its own; yields the URL without a database.

    Skips the test where PostgreSQL is not installed or cannot be run.
    """
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    prefix: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="denialml-pg-"))
    account = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL refuses to run as root and runuser is missing")
        try:
            owner = pwd.getpwnam(ACCOUNT)
        except KeyError:
            pytest.skip("PostgreSQL refuses to run as root: no postgres account")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        prefix = ["runuser", "-u", ACCOUNT, "--"]
        account = ACCOUNT
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*prefix, str(binaries / program), *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    try:
        run("initdb", "-D", str(data), "-A", "trust", "-U", account, "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", str(data), "-o", options, "-w", "start")
        try:
            yield f"postgresql://{account}@/{{database}}?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
