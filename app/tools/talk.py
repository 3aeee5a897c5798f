"""A consultation under way: its messages for whichever model is asked, and what its answer becomes."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from app.jobs.errors import RefusedError
from app.jobs.orders import Answer, Ask, Outcome
from app.jobs.run import Run
from app.providers.records import Effort, Model
from app.providers.requests import Function, Message
from app.stores.records import File
from app.threads.attachments import as_shown
from app.threads.conversation import Conversation, Stores, TooLongError, size
from app.tools.consultation import Consultation

ROOM_FOR_ANSWER = 0.25
"""Of a model's context, how much is left free for the answer when history is fitted into the rest."""

SAFE_CONTEXT = 128_000
"""Taken for the context of a model whose vendor states none."""

SUMMARISE = (
    "You condense conversations so that work can go on from the summary alone. Keep every decision with its "
    "reason, every fact, name, number, path and identifier that may be needed, what is still open, and what "
    "the person prefers. Leave out pleasantries and what was superseded. Write in their language."
)
SUMMARY_TOKENS = 8_000
"""For the summary, and for the thinking of models that cannot do without."""


class Talk(Struct):
    """One run asking one model, perhaps in a thread."""

    run: Run
    consultation: Consultation
    model: Model
    conversation: Conversation | None
    stores: Stores
    readings: Mapping[str, File]
    """The text of documents, by `reading_id`."""
    said: list[tuple[str, Message]] = field(default_factory=list)
    """What came after the prompt within this run, with the id of the model that said it or was told it."""
    summarised: int = 0
    """The last exchange that was shown as a summary only; 0 for none."""

    def asking(
        self,
        *,
        functions: Sequence[Function] = (),
        into: Callable[[str], None] | None = None,
        stand_in: bool = True,
    ) -> Ask:
        """Return the vendor call that asks for the answer."""
        effort = self.consultation.arguments.effort
        return Ask(
            self.model,
            self._messages,
            effort=self.consultation.effort if effort is None else Effort(effort),
            functions=tuple(functions),
            into=into,
            stand_in=stand_in,
            media=self.consultation.media,
        )

    async def _messages(self, model: Model) -> tuple[Message, ...]:
        consultation = self.consultation
        files = {file.id: file for file in consultation.files}
        text, media = as_shown(consultation.prompt, list(files), files | dict(self.readings), model)
        system = Message("system", consultation.instructions)
        # Reasoning means something only to the model whose it is.
        said = [each if by == model.id else replace(each, reasoning=None) for by, each in self.said]
        latest = (Message("user", text, media=media), *said)
        if self.conversation is None:
            return system, *latest
        room = int((model.context or SAFE_CONTEXT) * (1 - ROOM_FOR_ANSWER))
        room -= size([system, *latest], model)

        async def summarise(summary: str, older: Sequence[Message]) -> str:
            return await self._summarise(model, summary, older)

        try:
            history = await self.conversation.fitted(model, room, summarise, self.stores)
        except TooLongError as error:
            raise RefusedError(str(error)) from error
        self.summarised = self.conversation.thread.summary_through if history.summary else 0
        if history.summary:
            told = f"{consultation.instructions}\n\nThe conversation so far, condensed:\n{history.summary}"
            system = Message("system", told)
        return (system, *history.messages, *latest)

    async def _summarise(self, model: Model, summary: str, older: Sequence[Message]) -> str:
        self.run.now(f"condensing the older part of {self.consultation.arguments.thread}")
        before = f"Condensed until now:\n{summary}\n\n" if summary else ""
        spoken = "\n\n".join(f"{message.role.upper()}: {message.text}" for message in older)
        question = Message(
            "user", f"{before}Condense this, and what was condensed until now, into one:\n\n{spoken}"
        )

        async def messages(_: Model) -> tuple[Message, ...]:
            return Message("system", SUMMARISE), question

        effort = model.nearest(Effort.OFF)
        ask = Ask(model, messages, effort=effort, max_output=SUMMARY_TOKENS, shown=False)
        return (await self.run.ask(ask)).text


def outcome(answer: Answer, talk: Talk) -> Outcome:
    """Return a model's answer as a tool's; what is missing of it is said.

    Raises:
        RefusedError: there is no answer, because the model spent everything on thinking.
    """
    notes = []
    if not answer.text.strip():
        raise RefusedError(
            f"{answer.model.id} spent its {answer.usage.output:,} tokens on thinking and answered nothing: "
            "ask again with a lower effort, or ask for less at once."
        )
    if answer.finish == "length":
        notes.append("the answer was cut off at its token limit; ask it to go on in this thread")
    if answer.finish == "filtered":
        notes.append(f"{answer.model.vendor.title} withheld the rest of the answer")
    if talk.summarised:
        notes.append(
            f"exchanges 1 to {talk.summarised} no longer fit {answer.model.id}, which was shown a summary"
        )
    return Outcome(
        answer.text,
        answer.model,
        reasoning=answer.reasoning or None,
        partial=answer.finish != "stop",
        files=tuple(talk.readings) if not talk.consultation.arguments.no_store else (),
        notes=tuple(notes),
    )
