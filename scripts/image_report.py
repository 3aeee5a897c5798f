"""Measure the production image against its limits: `make image-report`.

Builds three images and reads them: the base alone, the production image, and the one-stage baseline of
`tools/baseline/Dockerfile`. Exits 1 when a limit is broken, 69 when an image cannot be built or read.
Sizes are what the engine reports for an unpacked image; MB is 10^6 bytes, as `docker images` prints it.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.image_content import ImageUnreadable, Layer, Strays, layers_of, size_of, strays_in

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = "exai-mcp-server:latest"
BASE = "exai-mcp-server:base"
BASELINE = "exai-mcp-server:baseline"
BUILDS = {
    PRODUCTION: [],
    BASE: ["--target", "base", "--tag", BASE],
    BASELINE: ["--file", "tools/baseline/Dockerfile", "--target", "", "--tag", BASELINE],
}
"""Image to the arguments of scripts/docker-build.sh that make it."""

MAX_ADDED_MB = 100.0
MAX_SHARE_OF_BASELINE = 0.40
BUILD_TIMEOUT_SECONDS = 1200
MAX_INSTRUCTION_SHOWN = 86
EXIT_LIMIT_BROKEN = 1
EXIT_UNAVAILABLE = 69


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, in bytes, beside what is allowed."""

    size: int
    base_size: int
    baseline_size: int
    strays: Strays
    layers: tuple[Layer, ...]
    max_added_mb: float
    max_share: float

    @property
    def added(self) -> int:
        """What this project puts on top of its base."""
        return self.size - self.base_size

    @property
    def share(self) -> float:
        """The size as a part of the baseline's."""
        return self.size / self.baseline_size

    @property
    def faults(self) -> list[str]:
        """Every broken limit as a sentence; empty when all hold."""
        build_only, setuid = self.strays.build_only, self.strays.setuid
        found = []
        if self.added > self.max_added_mb * 1e6:
            found.append(
                f"The image adds {_mb(self.added)} to its base and may add {self.max_added_mb:.1f} MB: "
                "the layers show what grew."
            )
        if self.share > self.max_share:
            found.append(
                f"The image is {self.share:.1%} of the one-stage baseline and may be {self.max_share:.1%}: "
                "the layers show what grew."
            )
        if build_only:
            found.append(
                f"The image holds what only builds ({', '.join(build_only)}): remove it in the Dockerfile."
            )
        if setuid:
            found.append(
                f"The image holds setuid or setgid files ({', '.join(setuid)}): strip them in the Dockerfile."
            )
        return found

    def as_json(self) -> str:
        """Return the report for machines, sizes in bytes."""
        derived = {"added": self.added, "share_of_baseline": self.share, "faults": self.faults}
        return json.dumps(asdict(self) | derived, indent=2)

    def as_text(self) -> str:
        """Return the report for people."""
        rows = [
            ("production image", _mb(self.size), ""),
            ("its base", _mb(self.base_size), ""),
            ("added to the base", _mb(self.added), f"at most {self.max_added_mb:.1f} MB"),
            ("one-stage baseline", _mb(self.baseline_size), "tools/baseline/Dockerfile"),
            ("part of the baseline", f"{self.share:.1%}", f"at most {self.max_share:.1%}"),
            ("files that only build", str(len(self.strays.build_only)), "none allowed"),
            ("setuid and setgid files", str(len(self.strays.setuid)), "none allowed"),
        ]
        lines = [f"{name:<24} {value:>10}  {limit}".rstrip() for name, value, limit in rows]
        lines += ["", "layers, newest first"]
        lines += [f"{_mb(layer.size):>10}  {_shortened(layer.instruction)}" for layer in self.layers]
        return "\n".join([*lines, "", *(self.faults or ["All limits hold."])])


def _mb(size: float) -> str:
    return f"{size / 1e6:.1f} MB"


def _shortened(instruction: str) -> str:
    text = instruction.removeprefix("RUN /bin/sh -c ").removesuffix(" # buildkit")
    return text if len(text) <= MAX_INSTRUCTION_SHOWN else f"{text[:MAX_INSTRUCTION_SHOWN]}…"


def build() -> None:
    """Build what is compared, with the engine's cache; the builder's output goes to stderr."""
    for image, arguments in BUILDS.items():
        print(f"Building {image} …", file=sys.stderr, flush=True)
        command = [str(ROOT / "scripts" / "docker-build.sh"), *arguments]
        try:
            answer = subprocess.run(
                command,
                stdout=sys.stderr,
                stderr=subprocess.PIPE,
                text=True,
                timeout=BUILD_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ImageUnreadable(
                f"Building {image} took more than {BUILD_TIMEOUT_SECONDS} s: mend the network, then repeat."
            ) from error
        if answer.returncode != 0:
            sys.stderr.write(answer.stderr)
            raise ImageUnreadable(
                f"{image} could not be built (exit code {answer.returncode}): its output stands above."
            )


def measure(max_added_mb: float, max_share: float) -> Report:
    """Read the three images."""
    return Report(
        size_of(PRODUCTION),
        size_of(BASE),
        size_of(BASELINE),
        strays_in(PRODUCTION),
        layers_of(PRODUCTION),
        max_added_mb,
        max_share,
    )


def main() -> int:
    """Build, measure, print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the production image against its limits.")
    parser.add_argument("--json", action="store_true", help="print for machines, sizes in bytes")
    parser.add_argument("--no-build", action="store_true", help="measure the images that are there")
    parser.add_argument("--max-added-mb", type=float, default=MAX_ADDED_MB, metavar="MB")
    parser.add_argument("--max-share", type=float, default=MAX_SHARE_OF_BASELINE, metavar="0..1")
    options = parser.parse_args()
    try:
        if not options.no_build:
            build()
        report = measure(options.max_added_mb, options.max_share)
    except ImageUnreadable as error:
        print(error, file=sys.stderr)
        return EXIT_UNAVAILABLE
    print(report.as_json() if options.json else report.as_text())
    return EXIT_LIMIT_BROKEN if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
