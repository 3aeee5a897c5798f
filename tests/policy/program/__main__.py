"""Break the rule that the configuration names; with `guard` set, under the program's own guard."""

import pulumi
from breaches import BREACHES

from infra.guard import Guard

config = pulumi.Config()
guard = Guard(development=False) if config.get_bool("guard") else None
BREACHES[config.require("breach")]()
if guard:
    guard.judge()
