"""What the vendors serve beside chat: model list, token count, balance, web search, page reader, layout."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo import models, rules, tokens
from demo.bill import Bill, Row
from demo.faults import Scripts
from demo.paths import GLM_PATH, KIMI_PATH
from demo.refusals import RefusalError, glm, kimi

FORMULA = "moonshot/web-search:latest"
MOST_LAYOUT_BYTES = 50 * 1024 * 1024
RECENCIES = ("oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit")


@dataclass(slots=True)
class Extras:
    """The other endpoints of both vendors."""

    bill: Bill
    scripts: Scripts

    def routes(self) -> list[web.RouteDef]:
        """Return all of them."""
        return [
            web.get(f"{KIMI_PATH}/models", self.model_list),
            web.get(f"{KIMI_PATH}/users/me/balance", self.balance),
            web.post(f"{KIMI_PATH}/tokenizers/estimate-token-count", self.estimate),
            web.get(f"{KIMI_PATH}/formulas/{FORMULA}/tools", self.formula),
            web.post(f"{KIMI_PATH}/formulas/{FORMULA}/fibers", self.fiber),
            web.post(f"{GLM_PATH}/web_search", self.web_search),
            web.post(f"{GLM_PATH}/reader", self.reader),
            web.post(f"{GLM_PATH}/layout_parsing", self.layout),
        ]

    async def model_list(self, request: web.Request) -> web.Response:
        """Kimi's list of models."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        self._scripted("kimi-models", "")
        data = [
            {
                "id": model.id,
                "object": "model",
                "owned_by": "demo",
                "context_length": model.context,
                "supports_image_in": "image_url" in model.sees,
                "supports_video_in": "video_url" in model.sees,
                "supports_reasoning": True,
            }
            for model in models.KIMI.values()
            if model.id != "kimi-k3.1-pro-highspeed"  # one that this account does not have
        ]
        return web.json_response({"object": "list", "data": data})

    async def balance(self, request: web.Request) -> web.Response:
        """Kimi's balance, in the vendor's currency."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        data = {"available_balance": 49.58894, "voucher_balance": 46.58893, "cash_balance": 3.00001}
        return web.json_response({"code": 0, "data": data, "scode": "0x0", "status": True})

    async def estimate(self, request: web.Request) -> web.Response:
        """Kimi's token count of a request."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        return web.json_response({"data": {"total_tokens": rules.prompt_tokens(await request.json())}})

    async def formula(self, request: web.Request) -> web.Response:
        """Kimi's definition of its search function."""
        rules.check_key("kimi", request.headers.get("Authorization"))
        parameters = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}
        function = {"name": "web_search", "description": "Search the web", "parameters": parameters}
        return web.json_response({"tools": [{"type": "function", "function": function}]})

    async def fiber(self, request: web.Request) -> web.Response:
        """Kimi's run of it; only its models can read what is found."""
        key = rules.check_key("kimi", request.headers.get("Authorization"))
        body = await request.json()
        query = json.loads(body["arguments"])["query"]
        self._scripted("kimi", query)
        self._bill("kimi", "search", FORMULA, key, None)
        found = base64.b64encode(json.dumps(_sources(query, 5)).encode()).decode()
        output = f"----MOONSHOT ENCRYPTED BEGIN----{found}----MOONSHOT ENCRYPTED END----"
        context = {"input": body["arguments"], "encrypted_output": output}
        return web.json_response({"id": "demo-fiber", "status": "succeeded", "context": context})

    async def web_search(self, request: web.Request) -> web.Response:
        """GLM's search."""
        key = rules.check_key("glm", request.headers.get("Authorization"))
        body = await request.json()
        self._scripted("glm", body.get("search_query", ""))
        if body.get("search_engine") != "search-prime" or not body.get("search_query"):
            raise glm(400, "1214", "Invalid search_engine parameter")
        if (
            not 1 <= body.get("count", 10) <= 50
            or body.get("search_recency_filter", "noLimit") not in RECENCIES
        ):
            raise glm(400, "1214", "Invalid count parameter")
        row = self._bill("glm", "search", "search-prime", key, body.get("request_id"))
        found = [
            {
                "title": source["title"],
                "link": source["url"],
                "content": source["text"],
                "media": source["site"],
                "icon": "",
                "refer": f"ref_{number}",
                "publish_date": source["published"],
            }
            for number, source in enumerate(_sources(body["search_query"], body.get("count", 10)), 1)
        ]
        return web.json_response({"id": row.request_id, "created": 0, "search_result": found})

    async def reader(self, request: web.Request) -> web.Response:
        """GLM's page reader."""
        key = rules.check_key("glm", request.headers.get("Authorization"))
        body = await request.json()
        self._scripted("glm", body["url"])
        row = self._bill("glm", "reader", "web-reader", key, body.get("request_id"))
        result = {
            "title": "A page of the demo",
            "url": body["url"],
            "content": f"# A page\n\nThe demo read {body['url']}.",
        }
        return web.json_response({"id": row.request_id, "created": 0, "reader_result": result})

    async def layout(self, request: web.Request) -> web.Response:
        """GLM's reading of documents."""
        key = rules.check_key("glm", request.headers.get("Authorization"))
        body = await request.json()
        if body.get("model") != "glm-ocr" or not body.get("file"):
            raise glm(400, "1214", "Invalid file parameter")
        try:
            content = base64.b64decode(body["file"], validate=True)
        except ValueError:
            raise glm(400, "1214", "Invalid file parameter: neither URL nor base64") from None
        if len(content) > MOST_LAYOUT_BYTES:
            raise glm(400, "1214", "file exceeds 50MB")
        text = f"# The demo's reading of {len(content)} bytes\n\n" + content.decode("utf-8", "replace")
        self._scripted("glm", text)
        row = self._bill("glm", "layout", "glm-ocr", key, body.get("request_id"))
        row.input, row.output = 1000, tokens.count(text)
        counted = {
            "prompt_tokens": row.input,
            "completion_tokens": row.output,
            "total_tokens": row.input + row.output,
        }
        return web.json_response(
            {
                "id": row.request_id,
                "model": "GLM-OCR",
                "md_results": text,
                "data_info": {"num_pages": 1},
                "usage": counted,
                "request_id": row.request_id,
            }
        )

    def _bill(self, vendor: str, kind: str, model: str, key: str, client_id: str | None) -> Row:
        row = Row(vendor, kind, model, f"…{key[-4:]}", self.bill.next_id(vendor), client_id, state="complete")
        self.bill.rows.append(row)
        return row

    def _scripted(self, vendor: str, text: str) -> None:
        script = self.scripts.script(vendor, text)
        if (refusal := script.refusal) is not None:
            raise refusal
        if "500" in script.faults:
            raise RefusalError(500) if vendor == "glm" else kimi(500, "server_error", "Internal error")


def _sources(query: str, count: int) -> list[Mapping[str, Any]]:
    return [
        {
            "title": f"Page {number} about {query}",
            "url": f"https://example.com/demo/{number}",
            "text": f"What page {number} of the demo says about {query}.",
            "site": "example.com",
            "published": f"2026-11-{number:02}",
        }
        for number in range(1, min(count, 5) + 1)
    ]
