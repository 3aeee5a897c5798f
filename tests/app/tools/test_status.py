"""`status`: the text says all that the structure says."""

from app.protocol.dispatcher import Dispatcher
from app.tools.status import (
    Account,
    BreakerStatus,
    BudgetStatus,
    DependencyStatus,
    Limits,
    SpendingStatus,
    Status,
    VendorStatus,
    status_tool,
)

ACCOUNT = Account(
    client="me",
    day="2026-11-22",
    budgets=[BudgetStatus(scope="client:me", nano_usd=10_000_000_000, left_nano_usd=7_500_000_000)],
    spent=[
        SpendingStatus(
            project="thesis",
            vendor="kimi",
            model="kimi-k2.6",
            calls=4,
            input_tokens=12_345,
            output_tokens=678,
            nano_usd=2_500_000_000,
        )
    ],
    jobs_running=5,
)


def a_status(account: Account) -> Status:
    return Status(
        status="degraded",
        version="1.2.3",
        environment="production",
        replica="host-7",
        uptime_seconds=4711,
        connections=12,
        calls_in_flight=3,
        dependencies=[
            DependencyStatus(
                name="store", kind="sqlite", required=True, ok=True, milliseconds=0.25, reason=None
            ),
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
        breakers=[
            BreakerStatus(vendor="glm", model="glm-5.3", until="2026-11-22T10:00:00+00:00", reason="no money")
        ],
        account=account,
        limits=Limits(max_message_bytes=4096, call_timeout_seconds=600, detach_after_seconds=50),
    )


STATUS = a_status(ACCOUNT)


async def test_the_text_says_what_the_structure_says() -> None:
    async def describe(principal: str) -> Status:
        assert principal == "somebody"
        return STATUS

    dispatcher = Dispatcher(name="x", version="1", instructions="", tools=[status_tool(describe)])
    result = await dispatcher.call_in_process("status", {}, "somebody")

    assert result.structured == STATUS.model_dump(mode="json")
    text = result.content[0]["text"]
    facts = (
        ("degraded", "1.2.3", "production", "host-7", "4711", "12", "3", "Kimi: key set", "GLM: no key"),
        ("store (sqlite, required): ok in 0.25", "shared state (redis, optional): failing: Redis is away."),
        ("4096", "600 s", "50 s"),
        ("client:me", "7.50 USD left of 10.00", "kimi-k2.6 (kimi) in project thesis: 2.50 USD, 4 calls"),
        ("12,345 tokens in, 678 out", "jobs running: 5", "glm-5.3 (glm) is not asked until", "no money"),
    )
    assert [fact for group in facts for fact in group if fact not in text] == []
