"""The rules of `policy/` inside the program, so that a bare `pulumi up` is bound by them as well.

The pack sees more (every resource of any program, with its final inputs) and has to be asked for; this is
always there, and speaks before anything is registered.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from policy.inputs import UNKNOWN, Resource
from policy.rules import RULES, broken
from policy.workloads import PLACES

MESSAGE_WAS_SHOWN = 32
"""The exit status by which the language host knows that the program has said what was wrong."""
VERBATIM = frozenset({"env", "labels", "log_opts", "driver_opts", "build_args", "options", "sysctls"})
"""Inputs whose keys are the user's own words."""


class Guard:
    """Looks at every resource as it is declared; `judge` ends the program if one breaks a rule."""

    def __init__(self, *, development: bool) -> None:
        self._rules = [rule for rule in RULES if rule.development or not development]
        self._sentences: list[str] = []
        pulumi.runtime.register_stack_transformation(self._look)

    def judge(self) -> None:
        """End the program before anything is registered if a rule is broken; every sentence in one message.

        Not by an exception: Pulumi would still register what was declared.
        """
        if self._sentences:
            first = "This stack breaks its rules, so nothing was changed:"
            pulumi.log.error("\n".join([first, *self._sentences]))
            os._exit(MESSAGE_WAS_SHOWN)

    def _look(self, args: pulumi.ResourceTransformationArgs) -> None:
        resource = resource_of(args)
        self._sentences += self._faults(resource)
        holder, name = _holder_of_image(args)
        if isinstance(image := holder.get(name), pulumi.Output):
            # The update learns it on the way, and what runs it is not made before that: looked at then.
            holder[name] = image.apply(lambda known: self._look_at_image(resource, known))

    def _look_at_image(self, resource: Resource, image: Any) -> Any:
        *folders, name = PLACES[resource.type]["image"].split(".")
        inputs = {name: image}
        for folder in reversed(folders):
            inputs = {folder: inputs}
        alone = Resource(resource.type, resource.name, inputs, resource.within)
        rule = next(rule for rule in self._rules if rule.name == "image-by-content")
        if faults := broken(rule, alone):
            raise pulumi.RunError("\n".join(faults))
        return image

    def _faults(self, resource: Resource) -> list[str]:
        return [sentence for rule in self._rules for sentence in broken(rule, resource)]


def resource_of(args: pulumi.ResourceTransformationArgs) -> Resource:
    """Return what is being declared, with its inputs under the names that Pulumi writes."""
    parent = args.opts.parent
    return Resource(
        args.type_,
        args.name,
        plain(args.props),
        within=parent.pulumi_resource_type if parent else "",
        protect=bool(args.opts.protect),
    )


def plain(value: Any) -> Any:
    """Take the SDK's argument classes apart; an Output is for the update to know."""
    if isinstance(value, pulumi.Output):
        return UNKNOWN
    if isinstance(entries := _entries(value), Mapping):
        return {
            _camel(key): _verbatim(item) if key in VERBATIM and isinstance(item, Mapping) else plain(item)
            for key, item in entries.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def _verbatim(entries: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: plain(item) for key, item in entries.items()}


def _entries(value: Any) -> Any:
    """Return what an argument class holds, itself and not a copy; any other value as it is."""
    return vars(value) if type(value).__module__.startswith("pulumi_docker") else value


def _holder_of_image(args: pulumi.ResourceTransformationArgs) -> tuple[dict[str, Any], str]:
    """Return the mapping that holds the name of what is run; an empty one where nothing is."""
    *folders, name = PLACES.get(args.type_, {}).get("image", "").split(".")
    holder: Any = args.props if name else {}
    for folder in folders:
        holder = _entries(holder.get(re.sub(r"([A-Z])", r"_\1", folder).lower()) or {})
    return holder, name


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
