"""Content: images that are what was tested, secrets that are nowhere in sight, volumes that stay."""

import re
from collections.abc import Iterator

from policy import secrets
from policy.inputs import Resource, at
from policy.workloads import Workload

CONTENT = re.compile(r"(?:[^@\s]+@)?sha256:[0-9a-f]{64}")
VOLUME = "docker:index/volume:Volume"
REFILLED_LABEL = "exai.content"
"""A volume with this label holds copies that each update makes again, and nothing of its own."""


def image_by_content(one: Workload) -> Iterator[str]:
    """Refuse a name that can come to mean another image than the one that was tested (CIS 4.2, 5.28)."""
    image = str(one.get("image") or "")
    if not CONTENT.fullmatch(image):
        yield (
            f"The {one} runs `{image}`, a name whose content others can change: "
            f"give {one.where('image')} the id of an image, or a name with @sha256:…."
        )


def secret_in_environment(one: Workload) -> Iterator[str]:
    """Refuse a secret where `docker inspect`, `ps`, child processes and crash reports show it."""
    for name, text in one.environment():
        if secrets.is_secret(name, text):
            yield (
                f"The {one} has the secret {name} in its environment, where `docker inspect` shows it: mount "
                f"it as a file, and name the file in {name}_FILE."
            )
    for fact in ("entrypoint", "command"):
        if any(secrets.carries_one(str(word)) for word in one.items(fact)):
            yield (
                f"The {one} has a secret on its command line, where `ps` shows it: "
                f"read it from a file instead of writing it in {one.where(fact)}."
            )


def secret_in_build(resource: Resource) -> Iterator[str]:
    """Refuse a secret where `docker history` shows it."""
    arguments = at(resource.inputs, "build", "buildArgs") or {}
    for name in arguments:
        if secrets.is_secret(name, arguments[name]):
            yield (
                f"The image {resource.name} is built with the secret {name} as an argument, which stays in "
                "its history: pass it in `build.secrets` and read it in a RUN with --mount=type=secret."
            )


def holds_data(resource: Resource) -> bool:
    """Tell whether a resource is a volume whose content nothing could make again."""
    in_memory = at(resource.inputs, "driverOpts", "type") == "tmpfs"
    labels = [at(label, "label") for label in at(resource.inputs, "labels") or ()]
    return resource.type == VOLUME and not in_memory and REFILLED_LABEL not in labels


def protected_volume(resource: Resource) -> Iterator[str]:
    """Refuse a volume that one edit can delete: every edit replaces it, and replacing is deleting."""
    if holds_data(resource) and not resource.protect:
        yield (
            f"The volume {resource.name} is not protected, so that one edit can delete the data in it: "
            f"give it `protect=True`, or the label {REFILLED_LABEL} if each update fills it again."
        )
