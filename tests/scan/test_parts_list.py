"""What is installed is held against what is locked."""

from typing import Any

from scripts.scan.parts_list import differences, installed


def _component(name: str, version: str, path: str) -> dict[str, Any]:
    properties = [{"name": "syft:location:0:path", "value": path}]
    return {"name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}", "properties": properties}


def test_only_what_was_installed_from_the_lock_is_compared() -> None:
    inside = "/opt/venv/lib/python3.13/site-packages/x/METADATA"
    document = {
        "components": [
            _component("Pydantic_Core", "2.0", inside),
            _component("packaging", "25.0", "/usr/lib/python3/dist-packages/x/METADATA"),
            {"name": "openssl", "version": "3", "purl": "pkg:deb/debian/openssl@3"},
            {"name": "debian", "type": "operating-system", "version": "13"},
        ]
    }

    assert installed(document) == {"pydantic-core": "2.0"}


def test_another_version_a_stranger_and_a_gap_are_named() -> None:
    locked = {"aiohttp": "3.14.5", "attrs": "26.1.0", "async-timeout": "5.0"}

    found = differences({"aiohttp": "3.9.1", "evil": "1"}, locked, {"aiohttp": "3.14.5", "attrs": "26.1.0"})

    assert found == [
        "aiohttp 3.9.1 is in the image, and 3.14.5 is locked",
        "evil 1 is in the image, and no such package is locked",
        "attrs is locked, and not in the image",
    ]
