"""The policy pack: the rules, in the words of pulumi-policy. `policy/run` starts it, and so does the CLI."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.inputs import UNKNOWN, Resource
from policy.rules import RULES, Rule, broken

Validate = Callable[[ResourceValidationArgs, ReportViolation], None]


def resource_of(args: ResourceValidationArgs) -> Resource:
    """Return what the engine asks about; the parent's type stands in its URN."""
    parent = (args.opts.parent if args.opts else None) or ""
    return Resource(
        args.resource_type,
        args.name,
        plain(args.props),
        within=parent.split("::")[2].rpartition("$")[2] if parent else "",
        protect=bool(args.opts and args.opts.protect),
    )


def plain(value: Any) -> Any:
    """Take the SDK's wrappers off: they raise where a value is not known yet."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_item(value, index) for index in range(len(value))]
    # Every number arrives as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def _validation(rule: Rule) -> Validate:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        # Asked before anything is converted: every rule is asked about every resource.
        if args.resource_type in rule.applies_to:
            for sentence in broken(rule, resource_of(args)):
                report(sentence, None)

    return validate


if __name__ == "__main__":
    PolicyPack(
        "exai",
        [ResourceValidationPolicy(rule.name, rule.description, _validation(rule)) for rule in RULES],
        enforcement_level=EnforcementLevel.MANDATORY,
    )
