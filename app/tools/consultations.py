"""Asks models on behalf of tools: one job a consultation, with its thread and what was given to read."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from app.files.intake import Intake
from app.jobs.orders import IDEMPOTENCY_KEY, Order, Outcome, digest_of
from app.jobs.run import Run
from app.protocol.tools import Call
from app.providers.records import Model
from app.stores.records import File
from app.threads.conversation import Conversation, Stores
from app.tools.choice import Choice
from app.tools.consultation import Consultation
from app.tools.model_tool import Plan
from app.tools.readings import Readings
from app.tools.talk import Talk, outcome

Play = Callable[[Run, Consultation], Awaitable[Outcome]]
"""What a tool makes of a consultation whose files are there."""

NOT_TOLD_APART = {"files", "images"}
"""Arguments that a repeated call is not recognised by: their content is, by its id."""


class Consultations:
    """Plans jobs for tools, and begins the talks that they consist of."""

    def __init__(self, stores: Stores, choice: Choice, intake: Intake, readings: Readings) -> None:
        self.choice = choice
        self.readings = readings
        self._stores = stores
        self._intake = intake

    async def plan(
        self, call: Call, consultation: Consultation, play: Play | None = None, *, threaded: bool = True
    ) -> Plan:
        """Take the files in and return the job; without a `play` it is one question to one model.

        One that is not `threaded` leaves nothing in a thread.

        Raises:
            FileRefusedError: a file is not taken.
            NotFoundError: a file's id is unknown.
        """
        keep = not consultation.arguments.no_store
        files = await self._intake.take(call.principal, consultation.given, keep=keep)
        # What has no words of its own is listed by what was given.
        prompt = consultation.prompt or ", ".join(file.name for file in files)
        ready = replace(consultation, files=files, prompt=prompt)
        chosen = play or self.ask

        async def script(run: Run) -> Outcome:
            return await chosen(run, ready)

        return Plan(order(call, ready, threaded=threaded), script)

    async def ask(self, run: Run, consultation: Consultation) -> Outcome:
        """Ask one model once."""
        talk = await self.begin(run, consultation)
        return outcome(await run.ask(talk.asking()), talk)

    async def begin(self, run: Run, consultation: Consultation) -> Talk:
        """Read the thread, if there is one, choose the model, and have documents read.

        Raises:
            NotFoundError: there is no such thread of this principal.
            RefusedError: no model can answer, or a document cannot be read.
            ProviderError: no vendor could read a document.
        """
        conversation = await self.conversation(run, consultation)
        last = None if conversation is None else conversation.last_model
        arguments = consultation.arguments
        model = self.choice.choose(arguments.model, consultation.tool, last, consultation.media)
        readings = await self.readings.read(run, consultation.files)
        return self.talk(run, consultation, model, conversation, readings)

    async def conversation(self, run: Run, consultation: Consultation) -> Conversation | None:
        """Read the thread that a consultation goes on with; None when it begins one.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """
        thread = consultation.arguments.thread
        return None if thread is None else await Conversation.read(self._stores, run.order.principal, thread)

    def talk(
        self,
        run: Run,
        consultation: Consultation,
        model: Model,
        conversation: Conversation | None,
        readings: dict[str, File],
    ) -> Talk:
        """Return the talk of one model about a consultation."""
        return Talk(run, consultation, model, conversation, self._stores, readings)


def order(call: Call, consultation: Consultation, *, threaded: bool) -> Order:
    """Return what the jobs are to do for a consultation."""
    arguments = consultation.arguments
    files = tuple(file.id for file in consultation.files)
    told = arguments.model_dump(mode="json", exclude=NOT_TOLD_APART) | {"files": files}
    return Order(
        tool=consultation.tool,
        principal=call.principal,
        prompt=consultation.prompt,
        digest=digest_of(consultation.tool, told),
        project=arguments.project,
        thread=arguments.thread if threaded else None,
        threaded=threaded,
        files=() if arguments.no_store else files,
        no_store=arguments.no_store,
        idempotency_key=key_of(call),
    )


def key_of(call: Call) -> str | None:
    """Return the key under which a client repeats a call without paying twice."""
    key = call.meta.get(IDEMPOTENCY_KEY)
    return key if isinstance(key, str) and key else None
