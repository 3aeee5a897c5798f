"""The two HTML documents: the login, and the page it opens. What comes from outside is escaped here."""

import asyncio
import html
from string import Template

from app.page.assets import FOLDER, Assets
from app.page.tickets import Ticket
from app.version import VERSION

PLAIN_SCRIPT = "theme.js"
"""The one that runs before anything is painted, and so is no module."""


class Documents:
    """Fills the templates that lie beside the assets; read when first asked for."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._templates: dict[str, Template] = {}

    async def login(self, problem: str = "") -> str:
        """Return the login, with what was wrong with the last try."""
        return await self._fill("login.html", problem=problem, problem_hidden="" if problem else "hidden")

    async def page(self, ticket: Ticket, *, operator: bool) -> str:
        """Return the page of one client."""
        return await self._fill(
            "page.html",
            client=ticket.principal,
            form_key=ticket.form_key,
            operator="yes" if operator else "no",
        )

    async def _fill(self, name: str, **values: str) -> str:
        base = await self._assets.base()
        if name not in self._templates:
            text = await asyncio.to_thread((FOLDER / name).read_text, "utf-8")
            modules = [name for name in await self._assets.names(".js") if name != PLAIN_SCRIPT]
            # Told at once, so that modules are not found one import after the other.
            ahead = "\n    ".join(f'<link rel="modulepreload" href="{base}/{one}">' for one in modules)
            self._templates[name] = Template(text.replace("<!-- modules -->", ahead))
        escaped = {key: html.escape(value) for key, value in values.items()}
        return self._templates[name].substitute(escaped, assets=base, version=html.escape(VERSION))
