"""Plans against a state that was exported on another machine, and without the stack's secrets.

What only the stack's own machine and secrets could tell is left as the state has it, so that a plan shows
what the change in hand would do and not where it was made.
"""

import os

import pulumi

ELSEWHERE = "EXAI_PLAN_ELSEWHERE"
"""The variable by which `preview` says that this is such a plan."""
OF_THE_MACHINE = {
    # The checkout's digest and the keyed digest of the secrets.
    "docker:index/container:Container": ("labels",),
    "docker:index/network:Network": ("labels",),
    "docker:index/volume:Volume": ("labels",),
    "docker:index/service:Service": ("labels", "taskSpec.containerSpec.labels"),
    "docker:index/serviceConfig:ServiceConfig": ("labels",),
    "docker:index/secret:Secret": ("data", "labels"),
    # Whether the network intercepts TLS.
    "docker:index/remoteImage:RemoteImage": ("build.secrets", "build.label"),
}
"""By type, the inputs that differ by machine or by secret alone."""


def ignore_what_differs_by_machine() -> None:
    """Let a plan made elsewhere keep these inputs as the state has them; does nothing in any other run."""
    if os.environ.get(ELSEWHERE) and pulumi.runtime.is_dry_run():
        pulumi.runtime.register_stack_transformation(_ignore)


def _ignore(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    names = OF_THE_MACHINE.get(args.type_)
    if not names:
        return None
    more = pulumi.ResourceOptions(ignore_changes=[*(args.opts.ignore_changes or ()), *names])
    return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, more))
