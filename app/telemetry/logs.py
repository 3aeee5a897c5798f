"""Logs: JSON lines on stderr, short and coloured on a terminal, and a file per replica when asked.

Everything that is logged, by structlog or by the standard library, passes one chain and one redactor.
stdout stays clean: it belongs to MCP in stdio mode.
"""

import logging
import logging.handlers
import socket
import sys
from pathlib import Path
from typing import Any, TextIO

import orjson
import structlog
from structlog.types import EventDict, Processor

from app import contract
from app.settings import Settings
from app.telemetry.parser_errors import ParserErrors
from app.telemetry.redaction import Redactor

FILE_BYTES = 10 * 1024**2
FILE_COUNT = 3
"""A replica keeps this many files, the one being written included."""


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's root logger; a second call replaces the first.

    Raises:
        OSError: when the file in LOG_DIR cannot be opened.
    """
    stream = stream or sys.stderr
    redactor = Redactor(settings.secrets())
    handlers = [_handler(logging.StreamHandler(stream), redactor, terminal=stream.isatty())]
    if settings.log_dir:
        file = logging.handlers.RotatingFileHandler(
            log_file(settings.log_dir), maxBytes=FILE_BYTES, backupCount=FILE_COUNT - 1, encoding="utf-8"
        )
        handlers.append(_handler(file, redactor, terminal=False))
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    _quiet_the_libraries(settings.log_level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_describe(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a second configure, as tests make, must reach every logger
    )


def log_file(folder: Path) -> Path:
    """Name this replica's file: two replicas on one volume must not rotate each other's."""
    return folder / f"{contract.NAME}-{socket.gethostname()}.log"


def _describe() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]


def _handler(handler: logging.Handler, redactor: Redactor, *, terminal: bool) -> logging.Handler:
    finish: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # Plain tracebacks: a pretty one would print local variables, and those hold what people asked.
        structlog.processors.format_exc_info,
        redactor,
    ]
    finish += [_shorten, structlog.dev.ConsoleRenderer(colors=True, pad_event_to=0)] if terminal else [_json]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=_describe())
    )
    return handler


def _json(logger: Any, method: str, event: EventDict) -> str:  # noqa: ARG001 - structlog's signature
    first = {
        "ts": event.pop("timestamp", None),
        "level": event.pop("level", None),
        "event": event.pop("event", None),
    }
    return orjson.dumps({**first, **event}, option=orjson.OPT_NON_STR_KEYS).decode()


def _shorten(logger: Any, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's signature
    """Keep the time of day and leave the logger's name out: a person watches this one process."""
    event.pop("logger", None)
    event["timestamp"] = str(event.get("timestamp", ""))[11:19]
    return event


def _quiet_the_libraries(level: str) -> None:
    # Their DEBUG lines carry payloads; nobody who sets LOG_LEVEL=DEBUG for our sake asks for those.
    for name in ("asyncio", "asyncpg", "redis", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.INFO if level == "DEBUG" else logging.NOTSET)
    server = logging.getLogger("aiohttp.server")
    for present in [found for found in server.filters if isinstance(found, ParserErrors)]:
        server.removeFilter(present)
    server.addFilter(ParserErrors())
