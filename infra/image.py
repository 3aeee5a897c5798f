"""Images: the server's own, built from this checkout or taken as it is, and the official ones beside it."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from app import contract
from infra import context, registry
from infra.settings import Settings
from infra.site import GENERATED, Site
from infra.workload import Image

BUILD_CONTEXT = ".."
"""From `infra/`, where Pulumi runs the program: an absolute path would put this machine into the state."""
TAG_DIGITS = 12


@dataclass(frozen=True)
class ServerImageArgs:
    """`base` is the Python image; the settings say whether to build, to push, or to take what is there."""

    site: Site
    settings: Settings
    base: str


class ServerImage(pulumi.ComponentResource):
    """The image of `app/`: `image` is its content, `name` what people call it."""

    image: Image
    name: pulumi.Output[str]

    def __init__(self, name: str, args: ServerImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:ServerImage", name, None, opts)
        taken = args.settings.image
        self.image, self.name = self._take(args.site, taken) if taken else self._build(args)
        self.register_outputs({"id": self.image.id, "name": self.name})

    def _take(self, site: Site, reference: str) -> tuple[Image, pulumi.Output[str]]:
        pulled = docker.RemoteImage(
            f"{site.prefix}-image",
            name=reference,
            keep_locally=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Image(pulled.image_id, pulled.name, (pulled,)), pulled.name

    def _build(self, args: ServerImageArgs) -> tuple[Image, pulumi.Output[str]]:
        content, repository = context.digest(args.site.root), args.settings.registry
        secret = docker.RemoteImageBuildSecretArgs(id="ca", src=f"{BUILD_CONTEXT}/{GENERATED}/ca.crt")
        built = docker.RemoteImage(
            f"{args.site.prefix}-image",
            name=built_name(args.site, repository, content),
            build=docker.RemoteImageBuildArgs(
                context=BUILD_CONTEXT,
                dockerfile=context.DOCKERFILE,
                target=args.settings.target,
                build_args={"PYTHON_IMAGE": args.base, "EXTRAS": args.settings.extras},
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
        if repository is None:
            return Image(built.image_id, built.image_id, (built,)), built.name
        pushed = docker.RegistryImage(
            f"{args.site.prefix}-pushed",
            name=built.name,
            auth_config=registry.login(repository),
            triggers={"image": built.image_id},
            # Others may run it, and a rollback needs it.
            keep_remotely=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        reference = pushed.sha256_digest.apply(lambda digest: f"{repository}/{contract.NAME}@{digest}")
        return Image(built.image_id, reference, (built,)), reference


def built_name(site: Site, pushed_to: str | None, content: str) -> str:
    """Return the tag of what is built here; it carries the content, so that a listing tells images apart."""
    repository = f"{pushed_to}/{contract.NAME}" if pushed_to else contract.NAME
    return f"{repository}:{site.prefix}-{content[:TAG_DIGITS]}"


def official(name: str, site: Site, reference: str, *, parent: pulumi.Resource) -> Image:
    """Declare an image somebody else made; one that is on the engine already is not pulled again.

    It stays on the engine when the stack goes: others may use it.
    """
    found = docker.RemoteImage(
        f"{site.prefix}-{name}",
        name=reference,
        keep_locally=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    # One that was never in a registry has no digest there.
    both = pulumi.Output.all(found.repo_digest, found.image_id)
    return Image(found.image_id, both.apply(lambda known: known[0] or known[1]), (found,))
