"""Kimi's files: upload, extracted text, delete, and the cap that a forgetful client runs into."""

from dataclasses import dataclass, field

from aiohttp import web

from demo import rules, tokens
from demo.bill import Bill, Row
from demo.faults import Scripts
from demo.refusals import kimi

MOST_FILES = 1000
MOST_BYTES = 100 * 1024 * 1024


@dataclass(slots=True)
class Files:
    """The files of one account; `cap` is small in tests."""

    bill: Bill
    scripts: Scripts
    cap: int = MOST_FILES
    kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _number: int = 0

    def routes(self, path: str) -> list[web.RouteDef]:
        """Return the routes under the vendor's path."""
        return [
            web.post(f"{path}/files", self.upload),
            web.get(f"{path}/files", self.list),
            web.get(f"{path}/files/{{id}}/content", self.content),
            web.delete(f"{path}/files/{{id}}", self.delete),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        """Keep a file; its text is extracted at once."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            raise kimi(400, "invalid_request_error", "file is required")
        if form.get("purpose") not in ("file-extract", "image", "video", "batch"):
            raise kimi(
                400, "invalid_request_error", "Invalid purpose: only file-extract, image, video, batch"
            )
        content = file.file.read()
        script = self.scripts.script("kimi-files", file.filename)
        if script.refusal:
            raise script.refusal
        if not content:
            raise kimi(400, "invalid_request_error", "File size is zero, please confirm and upload again")
        if len(content) > MOST_BYTES:
            raise kimi(400, "invalid_request_error", "File size is too large, max file size is 100MB")
        if len(self.kept) >= self.cap:
            raise kimi(
                400, "invalid_request_error", f"The number of files you have uploaded exceeded {self.cap}"
            )
        self._number += 1
        name = f"demo-file-{self._number:04}"
        self.kept[name] = (file.filename, content)
        self.bill.requests.append(
            {"vendor": "kimi", "path": request.path, "body": {"filename": file.filename}}
        )
        return web.json_response(
            {"id": name, "object": "file", "bytes": len(content), "filename": file.filename, "status": "ok"}
        )

    async def list(self, request: web.Request) -> web.Response:
        """Return what is kept."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        listed = [{"id": name, "filename": filename} for name, (filename, _) in self.kept.items()]
        return web.json_response({"object": "list", "data": listed})

    async def content(self, request: web.Request) -> web.Response:
        """Return the extracted text, as the vendor does: JSON in which `content` is it."""
        key = rules.check_key("kimi", request.headers.get("Authorization"))
        filename, content = self._file(request)
        script = self.scripts.script("kimi-content", filename)
        if script.refusal:
            raise script.refusal
        text = f"[the demo's extract of {len(content)} bytes]\n" + content.decode("utf-8", "replace")
        row = Row("kimi", "file", "file-extract", f"…{key[-4:]}", self.bill.next_id("kimi"), filename)
        row.input, row.state = tokens.count(text), "complete"
        self.bill.rows.append(row)
        return web.json_response({"content": text, "file_type": "application/pdf", "filename": filename})

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a file."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        self._file(request)
        del self.kept[request.match_info["id"]]
        return web.json_response({"id": request.match_info["id"], "deleted": True})

    def _file(self, request: web.Request) -> tuple[str, bytes]:
        found = self.kept.get(request.match_info["id"])
        if found is None:
            raise kimi(404, "resource_not_found_error", "file not found")
        return found
