"""Records travel within this machine or encrypted, or the address is refused."""

import pytest

from denialml.errors import InputError
from denialml.journeys.engines.addresses import Certificates, checked_address, host_of

CERTIFICATES = Certificates(authority="ca.pem", certificate="me.pem", key="me.key")


@pytest.mark.parametrize(
    ("address", "certificates", "plain_network", "whole"),
    [
        ("tcp://127.0.0.1:8786", None, False, "tcp://127.0.0.1:8786"),
        ("localhost:8786", None, False, "tcp://localhost:8786"),
        ("tcp://[::1]:8786", None, False, "tcp://[::1]:8786"),
        ("tls://10.0.0.5:8786", CERTIFICATES, False, "tls://10.0.0.5:8786"),
        ("tcp://10.0.0.5:8786", None, True, "tcp://10.0.0.5:8786"),
    ],
)
def test_addresses_that_are_used(
    address: str, certificates: Certificates | None, plain_network: bool, whole: str
) -> None:
    found = checked_address(
        address, certificates=certificates, plain_network=plain_network
    )
    assert found == whole


@pytest.mark.parametrize(
    ("address", "certificates", "said"),
    [
        ("tcp://10.0.0.5:8786", None, "would travel there in the clear"),
        ("10.0.0.5:8786", CERTIFICATES, "would travel there in the clear"),
        ("tcp://cluster.example:8786", None, "DENIALML_DASK_PLAIN_NETWORK"),
        ("tcp://127.0.0.1.example:8786", None, "would travel there in the clear"),
        ("tcp://0.0.0.0:8786", None, "would travel there in the clear"),
        ("tls://10.0.0.5:8786", None, "DENIALML_DASK_TLS_CERTIFICATE"),
        ("ws://127.0.0.1:8786", None, "expected tcp://HOST:PORT or tls://HOST:PORT"),
        ("inproc://127.0.0.1/1", None, "expected tcp://HOST:PORT"),
        ("tcp://127.0.0.1", None, "expected tcp://HOST:PORT"),
        ("tcp://127.0.0.1:port", None, "expected tcp://HOST:PORT"),
        ("tcp://me:secret@127.0.0.1:8786", None, r"^'127.0.0.1:8786' is not"),
        ("tcp://@127.0.0.1:8786", None, "nothing more"),
        ("tcp://127.0.0.1:8786/status", None, "nothing more"),
        ("tcp://127.0.0.1:8786?a=b", None, "nothing more"),
        ("tcp://127.0.0.1:8786#top", None, "nothing more"),
        ("", None, "expected tcp://HOST:PORT"),
    ],
)
def test_addresses_that_are_refused(
    address: str, certificates: Certificates | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        checked_address(address, certificates=certificates)


def test_the_host_of_an_address() -> None:
    assert host_of("tls://[::1]:8786") == "::1"
    assert host_of("tcp://10.0.0.5:40001") == "10.0.0.5"
