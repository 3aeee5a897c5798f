"""Answers at two of Grafana's paths from what Grafana would read: its health, and its way to a datasource."""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROVISIONING = Path("/etc/grafana/provisioning")
DATA = Path("/var/lib/grafana")
PROXY = "/api/datasources/proxy/uid/"
PORT = 3000
SECONDS = 5


def setting(file: Path, key: str) -> str:
    """The value of the only line with this key: enough YAML for files of our own."""
    (found,) = re.findall(rf"\b{key}: ([^ }}\n]+)", file.read_text())
    return str(found)


SOURCE = PROVISIONING / "datasources" / "prometheus.yml"
BOARDS = Path(setting(PROVISIONING / "dashboards" / "exai.yml", "path"))
HOME = Path(os.environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
URL, UID = setting(SOURCE, "url"), setting(SOURCE, "uid")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/api/health":
            self.answer(200, json.dumps({"database": "ok"}).encode())
        elif self.path.startswith(f"{PROXY}{UID}/"):
            try:
                address = URL + self.path.removeprefix(PROXY + UID)
                with urllib.request.urlopen(address, timeout=SECONDS) as said:  # noqa: S310 - our own
                    self.answer(said.status, said.read())
            except urllib.error.URLError as error:
                self.answer(502, str(error).encode())
        else:
            self.answer(404, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    assert HOME.parent == BOARDS, f"{HOME} is not among {BOARDS}"
    assert json.loads(HOME.read_text())["panels"], "the dashboard is empty"
    (DATA / "written").write_text("its user may write here")
    sys.stderr.write(f"asks {URL}\n")
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()
