"""The port: had, taken, forbidden."""

import os
import socket

import pytest

from app.listener import PortInUseError, holder_of, listen
from app.settings import ConfigurationError


def test_a_taken_port_names_who_holds_it_and_the_way_out() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            listen("127.0.0.1", port)

    sentence = str(caught.value)
    assert f"Port {port} on 127.0.0.1" in sentence
    assert f"(pid {os.getpid()})" in sentence
    assert "WS_PORT" in sentence


def test_a_free_port_has_no_holder() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))

        assert holder_of(unheard.getsockname()[1]) is None


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_ours_is_a_configuration_fault(host: str) -> None:
    with pytest.raises(ConfigurationError, match="WS_HOST"):
        listen(host, 0)
