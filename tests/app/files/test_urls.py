"""URLs that clients give: what is fetched, and thirty tricks that are not."""

import ipaddress

import pytest

from app.files.errors import FileRefusedError
from app.files.urls import MOST_REDIRECTS, Urls, is_public
from tests.app.jobs.scripted import FakeFetch

ALLOWED = ["files.example", "docs.example:8443"]

TRICKS = [
    "http://files.example/a",
    "ftp://files.example/a",
    "file:///etc/passwd",
    "gopher://files.example/",
    "data:text/plain,x",
    "//files.example/a",
    "files.example/a",
    "",
    "https://",
    "https:///a",
    "https://files.example.evil.example/a",
    "https://evil-files.example/a",
    "https://sub.files.example/a",
    "https://files.example:8443/a",
    "https://files.example:444/a",
    "https://docs.example/a",
    "https://files.example@evil.example/a",
    "https://me:secret@files.example/a",
    "https://evil.example\\@files.example/a",
    "https://evil.example#@files.example/a",
    "https://evil.example?@files.example/a",
    "https://files.example%2eevil.example/a",
    "https://files.example%00.evil.example/a",
    "https://files.example\t.evil.example/a",
    "https://files.example\r\nHost: x/a",
    "https://fil\u0435s.example/a",
    "https://files\u3002example/a",
    "https://127.0.0.1/a",
    "https://2130706433/a",
    "https://0x7f.1/a",
    "https://0177.0.0.1/a",
    "https://[::1]/a",
    "https://[::ffff:127.0.0.1]/a",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/a",
    "https://files.example./a",
    "https://files.example:99999/a",
    "https://[files.example/a",
    "https://files.example/" + "a" * 3000,
]


@pytest.mark.parametrize("url", TRICKS)
async def test_a_trick_is_refused_before_anybody_connects(url: str) -> None:
    fetch = FakeFetch()

    with pytest.raises(FileRefusedError) as caught:
        await Urls(ALLOWED, fetch).fetched(url, most=1000)

    assert fetch.urls == []
    assert str(caught.value).startswith("The URL was not fetched because ")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://files.example/a/b.txt?x=1", "https://FILES.example:443/a", "https://docs.example:8443/"]
)
async def test_what_is_listed_is_fetched(url: str) -> None:
    fetch = FakeFetch()

    name, body = await Urls(ALLOWED, fetch).fetched(url, most=1000)

    assert fetch.urls == [url]
    assert body == b"fetched"
    assert name.startswith("/")


async def test_where_no_host_is_listed_nothing_is_fetched() -> None:
    fetch = FakeFetch()

    with pytest.raises(FileRefusedError, match="URLs are not fetched by this server"):
        await Urls([], fetch).fetched("https://files.example/a", most=1000)

    assert fetch.urls == []


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "http://files.example/", "//evil.example/a", "https://169.254.169.254/"],
)
async def test_a_redirect_is_judged_like_the_first_url(onward: str) -> None:
    fetch = FakeFetch()
    fetch.onward["https://files.example/a"] = onward

    with pytest.raises(FileRefusedError):
        await Urls(ALLOWED, fetch).fetched("https://files.example/a", most=1000)

    assert fetch.urls == ["https://files.example/a"]


async def test_a_redirect_within_the_list_is_followed_a_few_times() -> None:
    fetch = FakeFetch()
    fetch.onward |= {
        "https://files.example/a": "/b",
        "https://files.example/b": "https://docs.example:8443/c",
    }

    name, _ = await Urls(ALLOWED, fetch).fetched("https://files.example/a", most=1000)
    assert name == "/c"

    fetch.onward = {"https://files.example/a": "/a"}
    fetch.urls.clear()
    with pytest.raises(FileRefusedError, match="redirects more than"):
        await Urls(ALLOWED, fetch).fetched("https://files.example/a", most=1000)
    assert len(fetch.urls) == MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::", "2001:0:53aa:64c::1",
        "2001:db8::1", "fe80::1%eth0",
    ],
)  # fmt: skip
def test_addresses_within_networks_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_open_internet_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
