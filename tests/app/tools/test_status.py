"""`status`: the text says all that the structure says."""

from app.protocol.dispatcher import Dispatcher
from app.tools.status import DependencyStatus, Limits, Status, VendorStatus, status_tool

STATUS = Status(
    status="degraded",
    version="1.2.3",
    environment="production",
    replica="host-7",
    uptime_seconds=4711,
    connections=12,
    calls_in_flight=3,
    dependencies=[
        DependencyStatus(name="store", kind="sqlite", required=True, ok=True, milliseconds=0.25, reason=None),
        DependencyStatus(
            name="shared state",
            kind="redis",
            required=False,
            ok=False,
            milliseconds=9.5,
            reason="Redis is away.",
        ),
    ],
    vendors=[VendorStatus(name="Kimi", configured=True), VendorStatus(name="GLM", configured=False)],
    limits=Limits(max_message_bytes=4096, call_timeout_seconds=600, detach_after_seconds=50),
)


async def test_the_text_says_what_the_structure_says() -> None:
    async def describe() -> Status:
        return STATUS

    dispatcher = Dispatcher(name="x", version="1", instructions="", tools=[status_tool(describe)])
    result = await dispatcher.call_in_process("status", {}, "somebody")

    assert result.structured == STATUS.model_dump(mode="json")
    text = result.content[0]["text"]
    facts = (
        ("degraded", "1.2.3", "production", "host-7", "4711", "12", "3", "Kimi: key set", "GLM: no key"),
        ("store (sqlite, required): ok in 0.25", "shared state (redis, optional): failing: Redis is away."),
        ("4096", "600 s", "50 s"),
    )
    assert [fact for group in facts for fact in group if fact not in text] == []
