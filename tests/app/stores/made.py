"""Jobs, calls, turns and files made up for tests: every field has a default, and ids never repeat."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from app.stores import Store
from app.stores.records import (
    AuditEvent,
    CallState,
    File,
    Finish,
    JobStatus,
    Limit,
    NewCall,
    NewJob,
    Piece,
    Settlement,
    Started,
    Turn,
)

DAY = "2026-11-28"
ALICE, BOB = "alice", "bob"
SCOPE = "client:alice"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
"""What callers put where the store's own time goes in."""


def new_id() -> str:
    return uuid.uuid4().hex


def new_job(**changes: Any) -> NewJob:
    fields: dict[str, Any] = {
        "id": new_id(), "principal": ALICE, "tool": "chat", "project": "p", "title": "A question",
        "digest": "d" * 64, "replica": "one", "lease_seconds": 60.0, "thread": new_id(), "new_thread": True,
    }  # fmt: skip
    return NewJob(**(fields | changes))


def new_call(
    most: int = 100, *, least: int | None = None, limit: int | None = 10**9, **changes: Any
) -> NewCall:
    fields: dict[str, Any] = {
        "id": new_id(), "vendor": "kimi", "model": "kimi-k2", "day": DAY,
        "least": most if least is None else least, "most": most, "input_cost": 10, "output_price": 2,
        "limits": () if limit is None else (Limit(SCOPE, limit),),
    }  # fmt: skip
    return NewCall(**(fields | changes))


def said(text: str, role: Any = "user", **changes: Any) -> Turn:
    return structs.replace(Turn(0, role, text, NOW), **changes)


def event(name: str = "started", **facts: Any) -> AuditEvent:
    return AuditEvent(name, facts)


def settled(call: NewCall, cost: int, state: CallState = CallState.SETTLED, **changes: Any) -> Settlement:
    return Settlement(call.id, state, cost=cost, **changes)


def new_file(content: bytes = b"content", *, seconds: float = 3600, **changes: Any) -> File:
    fields: dict[str, Any] = {
        "id": hashlib.sha256(content).hexdigest(), "principal": ALICE, "name": "a.txt",
        "media_type": "text/plain", "size": len(content), "created": NOW,
        "expires": datetime.now(UTC) + timedelta(seconds=seconds), "content": content,
    }  # fmt: skip
    return File(**(fields | changes))


async def start(
    store: Store, job: NewJob, prompt: str | Turn | None = "hello", call: NewCall | None = None
) -> Started:
    turn = said(prompt) if isinstance(prompt, str) else prompt
    return await store.start_job(job, prompt=turn, call=call, audit=event(job=job.id))


async def stream(store: Store, job: NewJob, call: NewCall, *texts: str) -> None:
    for number, text in enumerate(texts, 1):
        assert (await store.append_output(job.id, job.replica, call.id, Piece(number, text))).ours


def finish(job: NewJob, text: str | None = "the answer", **changes: Any) -> Finish:
    fields: dict[str, Any] = {
        "job": job.id, "replica": job.replica, "status": JobStatus.COMPLETED,
        "result": None if text is None else {"text": text, "meta": {}},
        "answer": None if text is None else said(text, "assistant"),
        "audit": event("finished", job=job.id),
    }  # fmt: skip
    return Finish(**(fields | changes))


async def exchange(store: Store, prompt: str, answer: str, **changes: Any) -> NewJob:
    """Run a job from its start to its end, without a call."""
    job = new_job(**changes)
    assert (await start(store, job, prompt)).fresh
    assert await store.finish_job(finish(job, answer))
    return job


async def sweep(store: Store, *, unknown_seconds: float = 3600, retention_days: int = 90) -> Any:
    return await store.sweep(
        unknown_seconds=unknown_seconds, retention_days=retention_days, audit_event="interrupted"
    )
