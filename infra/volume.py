"""Named volumes: what outlives the containers."""

import pulumi
import pulumi_docker as docker

from infra.site import Site


def volume(purpose: str, site: Site, *, protect: bool, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Declare the volume of a purpose (`data`, `postgres`, …) and return its name.

    Every field of a volume replaces it when edited, labels too, and replacing is deleting the data: so edits
    of labels and options are ignored, `down` leaves the volume on the engine, and production protects it
    besides. The name is fixed, so that the next `up` finds the data again.
    """
    made = docker.Volume(
        site.volume(purpose),
        name=site.volume(purpose),
        labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in site.labels.items()],
        opts=pulumi.ResourceOptions(
            parent=parent, protect=protect, retain_on_delete=True, ignore_changes=["labels", "driverOpts"]
        ),
    )
    return made.name
