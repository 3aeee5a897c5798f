"""Files that containers read, in a volume of their own that is filled before anything uses it.

For plain containers in production, where nothing of the host is mounted: Swarm has secrets and configs
instead. What does the filling is a container that is made, given the files and removed: nothing runs in it.
"""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from infra import engine
from infra.engine import EngineError
from infra.site import CONTENT_LABEL, Site
from infra.workload import Image

PLACE = "/files"
FILE_MODE = 0o400
MEMORY = "16m"
PROCESSES = "16"


@dataclass(frozen=True)
class Parcel:
    """Texts by name of file, for one `uid:gid`; `image` only has to be one that is on the engine by then."""

    texts: Mapping[str, pulumi.Input[str]]
    user: str
    image: Image


def filled(name: str, site: Site, parcel: Parcel, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Declare a volume that holds these files and return its name.

    Other contents make another volume, so that what runs keeps the files it was started with until its
    successor works.
    """
    texts = pulumi.Output.all(**parcel.texts)

    async def fill(args: pulumi.ResourceHookArgs) -> None:
        volume = str((args.new_outputs or {})["name"])
        files = archive(await texts.future() or {}, parcel.user)
        image = await pulumi.Output.from_input(parcel.image.id).future() or ""
        try:
            await asyncio.to_thread(load, volume, image, files)
        except EngineError as error:
            # Left empty, it would be taken for filled by the next update.
            await asyncio.to_thread(engine.ask, "volume", "rm", "--force", volume)
            raise pulumi.RunError(f"The files of {name} could not be put into a volume. {error}") from error

    # Of the texts alone: another image does not need another volume.
    digest = texts.apply(lambda known: _digest(known, parcel.user))
    labels: dict[str, pulumi.Input[str]] = {**site.labels, CONTENT_LABEL: pulumi.Output.unsecret(digest)}
    made = docker.Volume(
        name,
        labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in labels.items()],
        opts=pulumi.ResourceOptions(
            parent=parent,
            # Pulumi records nothing that has ended while a hook runs: one that waits for another resource
            # waits for ever.
            depends_on=list(parcel.image.made),
            # The binding's own order would take the files away from what still runs.
            delete_before_replace=False,
            hooks=pulumi.ResourceHookBinding(after_create=[fill]),
        ),
    )
    return made.name


def load(volume: str, image: str, files: bytes) -> None:
    """Put an archive of files into a volume.

    Raises:
        EngineError: the engine refused.
    """
    container = engine.ask(
        *("create", "--network", "none", "--read-only", "--cap-drop", "ALL", "--user", "65534:65534"),
        *("--security-opt", "no-new-privileges:true", "--memory", MEMORY, "--pids-limit", PROCESSES),
        *("--log-driver", "none", "--mount", f"type=volume,source={volume},target={PLACE}", image),
    ).strip()
    try:
        engine.ask("cp", "-", f"{container}:{PLACE}", text=files)
    finally:
        engine.remove(container)


def archive(texts: Mapping[str, str], user: str) -> bytes:
    """Return a tar archive of files that only this user reads."""
    uid, gid = map(int, user.split(":"))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, text in sorted(texts.items()):
            entry, data = tarfile.TarInfo(name), text.encode()
            entry.size, entry.mode, entry.uid, entry.gid = len(data), FILE_MODE, uid, gid
            tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def _digest(texts: Mapping[str, str], user: str) -> str:
    return hashlib.sha256(archive(texts, user)).hexdigest()[:16]
