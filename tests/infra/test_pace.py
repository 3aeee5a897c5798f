"""What an update is not kept waiting by."""

import atexit
import gc
import threading
from collections.abc import Callable

import pulumi
import pytest
from pulumi.runtime import resource

from infra import acceptance
from infra.pace import keep_pace

PATIENCE_SECONDS = 10


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is registered for Python's end meanwhile; the SDK's own `debug` comes back afterwards."""
    registered: list[Callable[[], object]] = []
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    monkeypatch.setattr(atexit, "register", registered.append)
    return registered


def test_the_sdk_keeps_its_steps_to_itself_and_says_the_rest(
    at_exit: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "get_engine", object)
    monkeypatch.setattr(pulumi.log, "_log", lambda *said: told.append(said[2]))
    resource.log.debug("a step")
    assert told == ["a step"], "the SDK no longer says its steps this way"

    keep_pace()
    resource.log.debug("another", resource=None, ephemeral=True)
    pulumi.log.warn("heard")

    assert told == ["a step", "heard"]
    assert at_exit == [gc.freeze]


@pytest.mark.parametrize("planning", [True, False])
def test_an_update_imports_its_client_meanwhile_and_a_plan_does_not(
    planning: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = threading.Event()
    before = threading.active_count()
    monkeypatch.setattr(acceptance, "_conversation", imported.set)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: planning)

    acceptance.prepare()

    if planning:
        assert threading.active_count() == before
        assert not imported.is_set()
    else:
        assert imported.wait(PATIENCE_SECONDS)
