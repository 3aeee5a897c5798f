"""What the keys allow, and that nothing is loaded without one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.providers.assembly import Vendors, assemble
from app.providers.catalog import BUILT_IN
from app.providers.errors import Kind, ProviderError
from app.providers.gateway import VendorGateway
from app.providers.protocol import Gateway
from app.providers.requests import Media
from app.settings import Secret
from app.shared.in_process import InProcess
from tests.app.providers.fake import KEY, Fake, ask, collect, text_of

ROOT = Path(__file__).resolve().parents[3]
PDF = Media("application/pdf", b"%PDF The text.")
LOADED = """
import json, sys, tempfile
from pathlib import Path
from app.settings import Settings
with tempfile.TemporaryDirectory() as folder:
    settings = Settings.from_env({}, Path(folder))
    from app.bootstrap import build_app
    build_app(settings)
    from app.providers import catalog, gateway, protocol, tokens
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def assembled(fake: Fake, *vendors: str) -> Vendors:
    urls = {vendor: fake.url(vendor) for vendor in ("kimi", "glm")}
    return assemble(BUILT_IN, {vendor: Secret(KEY) for vendor in vendors}, urls, InProcess())


@pytest.mark.parametrize(
    ("with_key", "searches", "readers", "extractions"),
    [
        (("kimi", "glm"), ["glm", "kimi"], ["glm"], ["kimi", "glm"]),
        (("kimi",), ["kimi"], [], ["kimi"]),
        (("glm",), ["glm"], ["glm"], ["glm"]),
    ],
)
async def test_each_key_brings_what_its_vendor_does(
    fake: Fake, with_key: tuple[str, ...], searches: list[str], readers: list[str], extractions: list[str]
) -> None:
    made = assembled(fake, *with_key)
    try:
        assert [one.vendor.id for one in made.searches] == searches
        assert [one.vendor.id for one in made.readers] == readers
        assert [one.vendor.id for one in made.extractions] == extractions
        assert {vendor: made.gateway.usable(vendor) for vendor in ("kimi", "glm")} == {
            vendor: vendor in with_key for vendor in ("kimi", "glm")
        }
        for vendor in with_key:
            assert text_of(await collect(made.gateway.stream(ask("Hello?", vendor))))
        for search in made.searches:
            found = await search.search("a", most=1, recency=None, domain=None, request_id="request-1")
            assert found.sources
        for extraction in made.extractions:
            assert "The text." in (await extraction.extract(PDF, request_id="request-1")).text
        await made.look_round()
    finally:
        await made.close()


async def test_without_any_key_a_call_says_what_to_set() -> None:
    gateway: Gateway = VendorGateway({}, InProcess(), {})
    with pytest.raises(ProviderError, match="GLM_API_KEY is not set: make a key at https://z") as caught:
        await collect(gateway.stream(ask("Hello?", "glm")))

    assert (caught.value.kind, gateway.usable("glm"), await gateway.states()) == (Kind.KEY, False, [])


@pytest.mark.parametrize(
    ("environ", "unwanted"),
    [({}, {"httpx", "certifi", "stamina", "tenacity", "demo"}), ({"KIMI_API_KEY": KEY}, {"httpx", "demo"})],
    ids=["without a key", "with one"],
)
def test_nothing_is_loaded_that_is_not_needed(environ: dict[str, str], unwanted: set[str]) -> None:
    source = LOADED.replace("from_env({}", f"from_env({environ}")
    ended = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not unwanted & set(json.loads(ended.stdout))
