"""What is served, whatever the transport: the tools with all that belongs to them, and the dispatcher."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from app import contract, description
from app.bootstrap import adapters
from app.bootstrap.instruments import Instruments
from app.bootstrap.models import Models
from app.clients.admission import ClientAdmission
from app.health import Health
from app.protocol.dispatcher import Dispatcher
from app.protocol.sealing import Seal
from app.protocol.tools import Tool
from app.settings import Settings
from app.shared import Shared
from app.stores import Store
from app.tools import assembly
from app.tools.resources import after_jobs, news_of_threads
from app.tools.status import Status
from app.version import VERSION

INSTRUCTIONS = (
    "Two strong outside models, Kimi (Moonshot) and GLM (Z.ai), and threads that last. Ask with `chat`; pass "
    "the thread id below an answer to go on, with either model. An answer that takes long comes as a job: "
    "fetch it with `jobs`. `listmodels` says what there is and what it costs, `status` whether it works."
)


class Load(Struct):
    """How much the transports are doing; they are made after the tools that tell it, and set it then."""

    connections: Callable[[], int] = lambda: 0
    calls: Callable[[], int] = lambda: 0


class Core(Struct, frozen=True):
    """The dispatcher, and what other parts share with its tools."""

    dispatcher: Dispatcher
    admission: ClientAdmission
    load: Load
    describe: Callable[[str], Awaitable[Status]]
    changed: Callable[[str, str], None]


def core(
    settings: Settings,
    *,
    store: Store,
    shared: Shared,
    models: Models,
    health: Health,
    seal: Seal,
    instruments: Instruments,
    more_tools: Sequence[Tool[Any]],
) -> Core:
    """Make the tools and what serves them."""
    load = Load()

    async def describe(principal: str) -> Status:
        return await description.describe(
            settings,
            health,
            models.with_key,
            models.gateway,
            await description.account_of(principal, store, models.budgets),
            replica=adapters.replica(),
            connections=load.connections(),
            calls=load.calls(),
        )

    def allows(principal: str, tool: str) -> bool:
        allowed = admission.tools(principal)
        return allowed is None or tool in allowed

    parts = assembly.Parts(
        jobs=models.jobs,
        store=store,
        choice=models.choice,
        with_key=models.with_key,
        intake=models.intake,
        searches=models.searches,
        extractions=models.extractions,
        states=models.gateway.states,
        describe=describe,
        allows=allows,
        changed=news_of_threads(lambda uri, principal: dispatcher.resource_updated(uri, principal)),
    )
    models.jobs.when_ended = after_jobs(parts.changed)
    prompts, resources, completer = assembly.beside_tools(parts)
    tools: list[Tool[Any]] = [*assembly.all_tools(parts), *more_tools]
    names = frozenset(tool.name for tool in tools)
    admission = ClientAdmission(shared, names)
    limits = settings.server_file.limits
    dispatcher = Dispatcher(
        name=contract.NAME,
        title="EXAI: Kimi and GLM",
        version=VERSION,
        instructions=INSTRUCTIONS,
        tools=tools,
        prompts=prompts,
        resources=resources,
        completer=completer,
        seal=seal,
        admission=admission,
        call_timeout_seconds=settings.call_timeout,
        max_calls_per_session=limits.calls_per_session,
        max_calls_per_client=limits.calls_per_client,
        max_json_depth=limits.json_depth,
        around=instruments.around(names),
        meter=instruments.meter(names),
    )
    return Core(dispatcher, admission, load, describe, parts.changed)
