"""Make this machine ready: `python3 scripts/bootstrap [--quiet] [STEP...]`, before any environment exists.

Steps: engine, plugins, images, toolchain, python, browser, stop-engine; none means the first five, and
one line about what is there unless --quiet.
Looks before it acts, asks nothing, writes to stderr only. This file must parse on old Pythons,
so that they are told what is needed in place of a SyntaxError.
"""

import os
import sys

MINIMUM_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100,PTH120 - old Pythons

if sys.version_info < MINIMUM_PYTHON:
    sys.stderr.write(
        "Python 3.11 or newer is needed, and this is {}.{}: install it with `apt-get install python3` "
        "(Debian 12, Ubuntu 24.04 or later), `brew install python@3.13` (macOS) or from "
        "https://www.python.org/downloads/, and run again with PYTHON=<that python>.\n".format(
            *sys.version_info[:2]
        )
    )
    sys.exit(69)  # EXIT_MISSING, which an old Python cannot import

if os.name == "nt":
    sys.stderr.write(
        "The stack is run from Linux, macOS or WSL 2, and this is Windows itself: open a WSL 2 distribution "
        "(`wsl --install`, https://learn.microsoft.com/windows/wsl/install), clone there and run again.\n"
    )
    sys.exit(69)

sys.path[0] = ROOT

from scripts.bootstrap.command import main  # noqa: E402 - only a Python that can parse it may import it

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], ROOT))
