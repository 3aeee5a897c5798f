"""Sealed values: what opens them, and everything that must not."""

import base64
import string
from typing import Any

import pytest

from app.protocol.sealing import MAX_SEALED_CHARACTERS, Seal

OLD, NEW = b"the key of last month", b"the key of this month"
FOR: dict[str, Any] = {"purpose": "session", "principal": "alice"}


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_sealed_value_comes_back_unchanged() -> None:
    seal = Seal([NEW])
    value = {"answers": [1, "zwei", None, {"drei": 3.5}]}

    assert seal.open(seal.close(value, **FOR, ttl_seconds=60), **FOR) == value


def test_a_sealed_value_is_url_safe_and_short() -> None:
    sealed = Seal([NEW]).close("x" * 30, **FOR, ttl_seconds=60)

    assert set(sealed) <= set(string.ascii_letters + string.digits + "-_")
    assert len(sealed) < 30 * 4 / 3 + 70


def test_a_sealed_value_cannot_be_read() -> None:
    sealed = Seal([NEW]).close("canary", **FOR, ttl_seconds=60)

    assert b"canary" not in base64.urlsafe_b64decode(sealed + "==")


def test_the_same_value_is_never_sealed_the_same_way_twice() -> None:
    seal = Seal([NEW])

    assert len({seal.close("x", **FOR, ttl_seconds=60) for _ in range(100)}) == 100


def test_replicas_with_the_same_key_open_each_others_seals() -> None:
    assert Seal([NEW]).open(Seal([NEW]).close(7, **FOR, ttl_seconds=60), **FOR) == 7


def test_the_previous_key_still_opens_and_never_seals() -> None:
    before, during, after = Seal([OLD]), Seal([NEW, OLD]), Seal([NEW])

    assert during.open(before.close("old", **FOR, ttl_seconds=60), **FOR) == "old"
    assert after.open(during.close("new", **FOR, ttl_seconds=60), **FOR) == "new"
    with pytest.raises(ValueError, match="does not fit"):
        after.open(before.close("old", **FOR, ttl_seconds=60), **FOR)


@pytest.mark.parametrize(
    "other",
    [{"purpose": "page"}, {"principal": "bob"}, {"context": "another request"}],
    ids=["purpose", "principal", "context"],
)
def test_a_seal_does_not_open_for_anything_else(other: dict[str, str]) -> None:
    seal = Seal([NEW])
    sealed = seal.close(1, **FOR, context="this request", ttl_seconds=60)

    with pytest.raises(ValueError, match="does not fit"):
        seal.open(sealed, **({"context": "this request"} | FOR | other))


def test_parts_of_the_binding_cannot_be_shifted_into_each_other() -> None:
    seal = Seal([NEW])
    sealed = seal.close(1, purpose="p", principal="ab", context="c", ttl_seconds=60)

    with pytest.raises(ValueError, match="does not fit"):
        seal.open(sealed, purpose="p", principal="a", context="bc")


def test_a_seal_ends_with_its_time() -> None:
    clock = Clock()
    seal = Seal([NEW], clock)
    sealed = seal.close(1, **FOR, ttl_seconds=60)
    clock.now += 60
    assert seal.open(sealed, **FOR) == 1
    clock.now += 1

    with pytest.raises(ValueError, match="expired"):
        seal.open(sealed, **FOR)


def test_no_character_can_be_changed_dropped_or_added() -> None:
    seal = Seal([NEW])
    sealed = seal.close({"n": 1}, **FOR, ttl_seconds=60)
    broken = [sealed + "A", sealed + "=", "A" + sealed, sealed * 2]
    for at, character in enumerate(sealed):
        broken.append(sealed[:at] + ("A" if character != "A" else "B") + sealed[at + 1 :])
        broken.append(sealed[:at])

    for forged in broken:
        with pytest.raises(ValueError, match=r"not a sealed value|does not fit"):
            seal.open(forged, **FOR)


@pytest.mark.parametrize(
    "junk", ["", "x", "é" * 80, "\0" * 80, "a b" * 40, "A" * (MAX_SEALED_CHARACTERS + 1)]
)
def test_junk_is_refused(junk: str) -> None:
    with pytest.raises(ValueError, match=r"not a sealed value|does not fit"):
        Seal([NEW]).open(junk, **FOR)


def test_a_seal_of_another_version_is_refused() -> None:
    seal = Seal([NEW])
    raw = base64.urlsafe_b64decode(seal.close(1, **FOR, ttl_seconds=60) + "==")
    other = base64.urlsafe_b64encode(b"\x02" + raw[1:]).decode().rstrip("=")

    with pytest.raises(ValueError, match="not a sealed value"):
        seal.open(other, **FOR)


def test_without_a_key_a_seal_opens_only_its_own_values() -> None:
    seal = Seal()

    assert seal.open(seal.close(1, **FOR, ttl_seconds=60), **FOR) == 1
    with pytest.raises(ValueError, match="does not fit"):
        Seal().open(seal.close(1, **FOR, ttl_seconds=60), **FOR)
