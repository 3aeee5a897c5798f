"""What a server's imports are spared, and that all of it is back afterwards."""

import gc
import os
import ssl
import sys

import pytest

from app.process import TRUSTED, loading


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
