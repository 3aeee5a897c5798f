"""`python -m demo`: serve both vendors on one port until interrupted."""

import argparse
from collections.abc import Sequence

from aiohttp import web

from demo.application import build_app
from demo.faults import NAMES
from demo.paths import GLM_PATH, KIMI_PATH

DEFAULT_PORT = 8077
DEFAULT_SPEED = 60.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and serve."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"[fake:{name}]" for name in NAMES))
        return
    here = f"http://{options.host}:{options.port}"
    print(f"The demo's vendors answer at KIMI_BASE_URL={here}{KIMI_PATH} and GLM_BASE_URL={here}{GLM_PATH}")
    print(f"with any key; what they billed is at {here}/demo/bill", flush=True)
    app = build_app(speed=options.speed, first_seconds=options.first)
    web.run_app(app, host=options.host, port=options.port, print=None, handler_cancellation=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}")
    parser.add_argument(
        "--speed", type=float, default=DEFAULT_SPEED, help="tokens a second; 0 for as fast as it goes"
    )
    parser.add_argument("--first", type=float, default=0.3, help="seconds before the first token")
    parser.add_argument("--list", action="store_true", help="list the faults a prompt can ask for")
    return parser


if __name__ == "__main__":
    main()
