"""Images: the server's own, built from this checkout, and the official ones beside it."""

import asyncio
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from app import contract
from infra import context, engine
from infra.engine import EngineError
from infra.site import GENERATED, Site

BUILD_CONTEXT = ".."
"""From `infra/`, where Pulumi runs the program: an absolute path would put this machine into the state."""
TAG_DIGITS = 12


@dataclass(frozen=True)
class ServerImageArgs:
    """`base` is the Python image; `target` the stage of the Dockerfile, `development` or `production`."""

    site: Site
    base: str
    target: str


class ServerImage(pulumi.ComponentResource):
    """The image of this checkout's `app/`: `id` is its content, `name` a tag that no other content gets."""

    id: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, name: str, args: ServerImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:ServerImage", name, None, opts)
        content = context.digest(args.site.root)
        secret = docker.RemoteImageBuildSecretArgs(id="ca", src=f"{BUILD_CONTEXT}/{GENERATED}/ca.crt")
        image = docker.RemoteImage(
            f"{args.site.prefix}-image",
            # The tag carries the content, so that a listing tells images apart.
            name=f"{contract.NAME}:{args.site.prefix}-{content[:TAG_DIGITS]}",
            build=docker.RemoteImageBuildArgs(
                context=BUILD_CONTEXT,
                dockerfile=context.DOCKERFILE,
                target=args.target,
                build_args={"PYTHON_IMAGE": args.base},
                # The engine's own BuildKit: another builder has to be pulled, and sees no local images.
                builder="default",
                secrets=[secret] if args.site.authorities else None,
                # For `prune`. The field beside it, `labels`, is accepted and ignored.
                label=dict(args.site.labels),
            ),
            # The binding has no digest of the context; without this, changed source changes nothing.
            triggers={"context": content},
            # Left to `prune`: after a failed update, Pulumi would remove by name what is in use again.
            keep_locally=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id, self.name = image.image_id, image.name
        self.register_outputs({"id": self.id, "name": self.name})


async def prune(site: Site, _name: str) -> None:
    """Remove the images that earlier updates of this stack built and no container uses any more."""
    try:
        await asyncio.to_thread(engine.prune_images, site.labels)
    except EngineError as error:
        pulumi.log.warn(f"Images of earlier updates are left behind. {error}")


@dataclass(frozen=True)
class OfficialImageArgs:
    """`reference` is a name with a tag or digest; one that is on the engine already is not pulled again."""

    site: Site
    reference: str


class OfficialImage(pulumi.ComponentResource):
    """An image somebody else made. It stays on the engine when the stack goes: others may use it."""

    id: pulumi.Output[str]

    def __init__(
        self, name: str, args: OfficialImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("exai:infra:OfficialImage", name, None, opts)
        image = docker.RemoteImage(
            f"{args.site.prefix}-{name}",
            name=args.reference,
            keep_locally=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = image.image_id
        self.register_outputs({"id": self.id})
