"""Certificates shown by a real TLS listener: how long they hold, and whether they are trusted."""

import socket
from pathlib import Path

import pytest
from yarl import URL

from app import certificate
from tests.app import certificates


async def test_one_that_this_host_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificates.certificate(tmp_path, days=30)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async with certificates.shown(path) as url:
        found = await certificate.shown_at(url)

    assert found.distrust is None
    assert found.left().days == 29


@pytest.mark.parametrize(
    ("days", "name", "trusted", "reason"),
    [
        (30, "127.0.0.1", False, "self-signed certificate"),
        (-1, "127.0.0.1", True, "certificate has expired"),
        (30, "127.0.0.2", True, "IP address mismatch"),
    ],
)
async def test_one_that_it_does_not(
    days: int, name: str, trusted: bool, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificates.certificate(tmp_path, days=days, name=name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async with certificates.shown(path) as url:
        found = await certificate.shown_at(url)

    assert reason in str(found.distrust).replace("self signed", "self-signed")
    assert found.left().days == days - 1


async def test_no_tls_is_one_sentence() -> None:
    with pytest.raises(certificate.UnreachableError, match=r"makes no TLS connection .* correct PUBLIC_URL"):
        await certificate.shown_at(URL("https://127.0.0.1:1"))


async def test_a_listener_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "LOOK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(certificate.UnreachableError, match=r"no answer within 0\.1 s"):
            await certificate.shown_at(URL(f"https://127.0.0.1:{port}"))
