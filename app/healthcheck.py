"""The container's probe: ask our own /health, and exit with 0 or 1 and one line that says why.

Standard library only, so that a probe every few seconds stays cheap: `python -m app.healthcheck`.
"""

import http.client
import os
import sys

from app import contract

DEADLINE_SECONDS = contract.PROBE_TIMEOUT_SECONDS - 1
"""Less than the engine's own timeout, so that the reason is said before the probe is killed."""


def check(port: int) -> str | None:
    """Return what is wrong in one sentence, None when the server is healthy."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        connection.request("GET", contract.HEALTH_PATH)
        response = connection.getresponse()
        body = response.read(200).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"127.0.0.1:{port}{contract.HEALTH_PATH} does not answer ({error})."
    finally:
        connection.close()
    if response.status != http.client.OK:
        return f"127.0.0.1:{port}{contract.HEALTH_PATH} answers {response.status}: {body}"
    return None


def main() -> int:
    """Run the probe against WS_PORT; return the exit status."""
    text = os.environ.get("WS_PORT") or str(contract.PORT)
    problem = check(int(text)) if text.isascii() and text.isdigit() else f"WS_PORT is {text!r}, not a port."
    if problem:
        sys.stderr.write(problem + "\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
