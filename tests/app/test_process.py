"""What a server's imports are spared, and that all of it is back afterwards."""

import gc
import os
import platform
import ssl
import subprocess
import sys

import pytest

from app import process
from app.exits import Exit
from app.process import TRUSTED, loading

MESSAGE = """
import resource
from app.process import keep_memory
assert keep_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def messages():
    for _ in range(100):
        data = bytes(1024 * 1024)
        text = data.decode()
        back = text.encode()
        del data, text, back
messages()
before = faults()
messages()
print((faults() - before) // 100)
"""


@pytest.mark.parametrize("before", [None, "/somewhere/company.pem"])
def test_whom_to_trust_is_not_read_during_imports_and_is_as_it_was_afterwards(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    for name in TRUSTED:
        if before is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, before)

    with loading():
        during = ssl.create_default_context()

    assert during.cert_store_stats()["x509_ca"] == 0
    assert during.verify_mode is ssl.CERT_REQUIRED
    assert [os.environ.get(name) for name in TRUSTED] == [before, before]


def test_an_import_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/somewhere/company.pem")
    modules = set(sys.modules)

    with pytest.raises(ImportError), loading():
        raise ImportError

    assert os.environ["SSL_CERT_FILE"] == "/somewhere/company.pem"
    assert set(sys.modules) == modules
    assert gc.isenabled()


def test_it_runs_with_small_collections_and_threads_that_change_places_soon() -> None:
    before = gc.get_threshold(), sys.getswitchinterval()
    seen = []

    async def work() -> Exit:
        seen.append((gc.get_threshold(), round(sys.getswitchinterval(), 6)))
        return Exit.DRAINED

    try:
        assert process.run(work) is Exit.DRAINED
    finally:
        gc.set_threshold(*before[0])
        sys.setswitchinterval(before[1])

    assert seen == [(process.COLLECT_AFTER, process.SWITCH_SECONDS)]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told what to keep")
def test_a_large_message_is_not_paid_for_in_page_faults_again_and_again() -> None:
    done = subprocess.run([sys.executable, "-c", MESSAGE], capture_output=True, text=True, check=True)

    assert int(done.stdout) <= 2, "page faults a message"
