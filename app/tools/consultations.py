"""Asks models on behalf of tools, as jobs."""

from app.jobs.jobs import Jobs
from app.jobs.orders import IDEMPOTENCY_KEY, Order, Outcome, digest_of
from app.jobs.run import Run
from app.protocol.tools import Call, ToolResult
from app.threads.conversation import Conversation, Stores
from app.tools.choice import Choice
from app.tools.consultation import Consultation
from app.tools.talk import Talk, outcome


class Consultations:
    """Makes one job of each consultation, with the thread it goes on and the model that was chosen."""

    def __init__(self, jobs: Jobs, stores: Stores, choice: Choice) -> None:
        self.jobs = jobs
        self.choice = choice
        self._stores = stores

    async def ask(self, call: Call, consultation: Consultation) -> ToolResult:
        """Ask one model and answer with what it says."""

        async def script(run: Run) -> Outcome:
            talk = await self.begin(run, consultation)
            return outcome(await run.ask(talk.asking()), talk)

        return await self.jobs.serve(call, self.order(call, consultation), script)

    def order(self, call: Call, consultation: Consultation) -> Order:
        """Return what the jobs are to do for a consultation."""
        arguments = consultation.arguments
        key = call.meta.get(IDEMPOTENCY_KEY)
        return Order(
            tool=consultation.tool,
            principal=call.principal,
            prompt=consultation.prompt,
            digest=digest_of(consultation.tool, arguments.model_dump(mode="json")),
            project=arguments.project,
            thread=arguments.thread,
            files=() if arguments.no_store else tuple(file.id for file in consultation.files),
            no_store=arguments.no_store,
            idempotency_key=key if isinstance(key, str) and key else None,
        )

    async def begin(self, run: Run, consultation: Consultation) -> Talk:
        """Read the thread, if there is one, and choose the model.

        Raises:
            NotFoundError: there is no such thread of this principal.
            RefusedError: no model can answer.
        """
        arguments = consultation.arguments
        conversation = None
        if arguments.thread is not None:
            conversation = await Conversation.read(self._stores, run.order.principal, arguments.thread)
        last = None if conversation is None else conversation.last_model
        model = self.choice.choose(arguments.model, consultation.tool, last)
        return Talk(run, consultation, model, conversation, self._stores)
