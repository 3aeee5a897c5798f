"""The SQL that a Supabase project needs, because its API cannot change a schema.

Paste it into the project's SQL editor and run it, once for a new project and again with --after for a
release that needs more; then add `exai` to the exposed schemas in the project's API settings. It runs whole
or not at all. SQLite and PostgreSQL need none of this: the server migrates them itself.
"""

import argparse
import sys

from app.exits import Exit
from app.process import say

HELP = "print the SQL that a Supabase project still needs"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--after", type=int, default=0, metavar="N", help="the version the project has; without this, none"
    )


def run(options: argparse.Namespace) -> int:
    """Print the SQL; returns the exit code."""
    from app.stores import migrations

    steps = migrations.load("postgres")
    if not 0 <= options.after <= len(steps):
        say(f"exai-mcp schema: versions go from 0 to {len(steps)}; --after {options.after} is none of them.")
        return Exit.USAGE
    sys.stdout.write(migrations.script(steps[options.after :]))
    if options.after == len(steps):
        say(f"Version {options.after} is the newest this release knows: there is nothing to run.")
    return Exit.DRAINED
