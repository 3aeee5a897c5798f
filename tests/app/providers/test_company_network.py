"""A private CA and a proxy that everything must pass, with real TLS and a real tunnel."""

import base64
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.providers.errors import Kind, ProviderError
from app.settings import ConfigurationError, Secret
from tests.app.providers.company_network import Authority, Proxy, authority, proxy
from tests.app.providers.fake import Fake, ask, collect, serving, text_of, vendor_of

NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def company(tmp_path: Path) -> Authority:
    return authority(tmp_path)


@pytest.fixture
async def secure(company: Authority) -> AsyncIterator[Fake]:
    async with serving(tls=company.server) as fake:
        yield fake


@pytest.fixture
async def tunnel() -> AsyncIterator[Proxy]:
    async with proxy() as made:
        yield made


async def answered(fake: Fake) -> str:
    connection = Connection(vendor_of("glm"), fake.url("glm"), Secret("sk-key-canary"))
    try:
        return text_of(await collect(ChatClient(connection).stream(ask("Hello?", "glm"))))
    finally:
        await connection.close()


async def test_a_private_ca_is_trusted_where_ssl_cert_file_names_it(
    secure: Fake, company: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.certificate))

    assert "Hello?" in await answered(secure)


async def test_an_unknown_ca_is_refused_and_the_variable_named(secure: Fake) -> None:
    with pytest.raises(ProviderError, match="its certificate is not trusted") as caught:
        await answered(secure)

    assert caught.value.kind is Kind.UNREACHABLE
    assert "set SSL_CERT_FILE to your CA" in str(caught.value)


async def test_the_proxy_of_the_environment_is_passed(
    secure: Fake, company: Authority, tunnel: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.certificate))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{tunnel.port}")

    assert "Hello?" in await answered(secure)
    assert tunnel.asked == [f"127.0.0.1:{secure.port}"]


@pytest.mark.parametrize("names", ["127.0.0.1", "localhost, 127.0.0.1:{port}", "*"])
async def test_no_proxy_is_honoured(
    secure: Fake, company: Authority, tunnel: Proxy, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.certificate))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{tunnel.port}")
    monkeypatch.setenv("NO_PROXY", names.format(port=secure.port))

    assert "Hello?" in await answered(secure)
    assert tunnel.asked == []


async def test_a_proxy_that_refuses_is_told_without_its_password(
    secure: Fake, tunnel: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnel.refusing = True
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{tunnel.port}")
    with pytest.raises(ProviderError, match="the proxy refuses: 407") as caught:
        await answered(secure)

    assert caught.value.kind is Kind.UNREACHABLE
    assert "canary" not in str(caught.value)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


async def test_a_proxy_is_told_the_password_that_its_address_holds(
    secure: Fake, company: Authority, tunnel: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.certificate))
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{tunnel.port}")

    assert "Hello?" in await answered(secure)
    assert tunnel.told == [f"Basic {base64.b64encode(b'user:pass').decode()}"]


async def test_a_proxy_that_speaks_tls_is_passed(
    secure: Fake, company: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.certificate))
    async with proxy(company.server) as tunnel:
        monkeypatch.setenv("ALL_PROXY", f"https://127.0.0.1:{tunnel.port}")

        assert "Hello?" in await answered(secure)
    assert tunnel.asked == [f"127.0.0.1:{secure.port}"]


async def test_a_proxy_that_is_away_is_unreachable(secure: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ProviderError, match="check the network, HTTPS_PROXY and GLM_BASE_URL"):
        await answered(secure)


@pytest.mark.parametrize("value", ["socks5://user:canary@h:1", "ftp://canary@h", "http://canary:port"])
async def test_a_proxy_that_is_none_is_refused_at_the_start(
    fake: Fake, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(ConfigurationError, match="is not the address of an HTTP proxy") as caught:
        await answered(fake)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_certificates_that_cannot_be_read_are_named_at_the_start(
    fake: Fake, tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "missing.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE names .*, which holds no certificates"):
        await answered(fake)


async def test_a_redirect_takes_the_key_nowhere(fake: Fake) -> None:
    connection = fake.connection("kimi")
    connection.url = f"http://127.0.0.1:{fake.port}/demo/elsewhere"
    try:
        with pytest.raises(ProviderError, match=r"is not Kimi .* API \(HTTP 307") as caught:
            await collect(ChatClient(connection).stream(ask("Hello?")))
    finally:
        await connection.close()

    assert caught.value.kind is Kind.REQUEST
    assert not fake.bill.requests
