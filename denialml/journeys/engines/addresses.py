"""Whether records may travel to an address: only within this machine, or encrypted."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from denialml.errors import InputError


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of PEM files: the authority that signed every part of the cluster, and this
    process's own certificate and key."""

    authority: str
    certificate: str
    key: str


def checked_address(
    address: str, *, certificates: Certificates | None, plain_network: bool = False
) -> str:
    """The address with its protocol, where patients' data may be sent there.

    `plain_network`: someone has said that the network itself is encrypted or trusted.

    Raises
    ------
    InputError
        If the address cannot be used, or would send data in the clear.
    """
    whole = address if "://" in address else f"tcp://{address}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    # A password in an address would be shown in errors and lists of processes.
    if (
        host is None
        or not port
        or parts.scheme not in ("tcp", "tls")
        or parts.username is not None
        or parts.path
        or any(mark in address for mark in "@?#")
    ):
        raise InputError(
            f"{_shown(address)!r} is not the address of a Dask scheduler or worker;"
            " expected tcp://HOST:PORT or tls://HOST:PORT, nothing more"
        )
    if parts.scheme == "tls":
        if certificates is None:
            raise InputError(
                f"{whole} needs certificates: set DENIALML_DASK_TLS_CA,"
                " DENIALML_DASK_TLS_CERTIFICATE and DENIALML_DASK_TLS_KEY"
            )
        return whole
    if not (is_loopback(host) or plain_network):
        raise InputError(
            f"{whole} is beyond this machine and not encrypted, and patients' data"
            " would travel there in the clear: use tls:// (docs/distributed.md), or set"
            " DENIALML_DASK_PLAIN_NETWORK=true where the network itself is encrypted"
        )
    return whole


def _shown(address: str) -> str:
    """The address without the part that may hold a password."""
    return address.rpartition("@")[2]


def host_of(address: str) -> str:
    """The host of an address such as tcp://127.0.0.1:8786."""
    return urlsplit(address).hostname or ""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine and cannot be reached from another."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
