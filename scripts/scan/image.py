"""The production image as a file: its layers, and which of them this project's build has added."""

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import contract
from scripts.image_content import ImageUnreadable, ask_engine
from scripts.scan.programs import ROOT
from scripts.scan.verdict import CannotAsk

TAG = f"{contract.NAME}:scan"
BUILD_SECONDS = 1800


@dataclass(frozen=True)
class Archive:
    """What `docker save` wrote: the image's name, the file, and the base image's layers by their digests."""

    name: str
    file: Path
    base: frozenset[str]


@contextmanager
def built() -> Iterator[str]:
    """Build the production image with the engine's cache, give its name, and take that away again.

    Raises:
        CannotAsk: there is no engine, or the build fails.
    """
    command = [str(ROOT / "scripts" / "docker-build.sh"), "--tag", TAG]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotAsk(f"the production image was not built within {BUILD_SECONDS} s") from None
    if done.returncode:
        raise CannotAsk(f"the production image cannot be built ({done.stderr.strip().splitlines()[-1]})")
    try:
        yield TAG
    finally:
        # The layers stay in the builder's cache; without the name nothing is left to wonder about.
        with suppress(ImageUnreadable):
            ask_engine("rmi", TAG)


@contextmanager
def archive(name: str) -> Iterator[Archive]:
    """Give the image as a file, which goes when it has been read.

    Raises:
        CannotAsk: the engine does not have it.
    """
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        file = Path(folder) / "image.tar"
        try:
            ask_engine("save", "--output", str(file), name)
            base = _layers_of_base()
        except ImageUnreadable as error:
            raise CannotAsk(str(error).rstrip(".")) from None
        yield Archive(name, file, base)


def unpack_additions(image: Archive, folder: Path) -> int:
    """Unpack what the build has added to its base, layer by layer, also what a later layer hides.

    The configuration goes with it: environment, labels, and the commands of the history. Return how many
    layers there were.
    """
    with tarfile.open(image.file) as outer:
        manifest = json.loads(_read(outer, "manifest.json"))[0]
        config = json.loads(_read(outer, manifest["Config"]))
        (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
        layers = list(zip(manifest["Layers"], config["rootfs"]["diff_ids"], strict=True))
        added = [layer for layer, digest in layers if digest not in image.base]
        for number, layer in enumerate(added):
            inner = outer.extractfile(layer)
            assert inner is not None  # noqa: S101 - a layer is a file
            with tarfile.open(fileobj=inner) as files:
                _unpack(files, folder / f"layer-{number}")
    return len(added)


def _unpack(files: tarfile.TarFile, folder: Path) -> None:
    for member in files:
        # Links lead to files that are read anyway; devices and pipes hold nothing.
        if member.isfile():
            member.mode = 0o600
            files.extract(member, folder, filter="data")


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None  # noqa: S101 - docker save always writes it
    return file.read()


def _layers_of_base() -> frozenset[str]:
    """Return the layers of the image that the build starts from; none if it is not there by that name."""
    try:
        shown: Any = json.loads(
            ask_engine("image", "inspect", "--format", "{{json .RootFS.Layers}}", contract.IMAGES["python"])
        )
    except ImageUnreadable:
        return frozenset()
    layers: Sequence[str] = shown
    return frozenset(layers)
