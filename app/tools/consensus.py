"""`consensus`: several models answer one question blind and at once, then one of them weighs the answers."""

import asyncio
from functools import partial

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from app.jobs.errors import RefusedError
from app.jobs.orders import Answer, Ask, Outcome
from app.jobs.run import Run
from app.jobs.sections import Sections
from app.protocol.tools import Call
from app.providers.errors import ProviderError
from app.providers.records import Effort, Model
from app.providers.requests import Message
from app.tools.arguments import Line, PromptArguments
from app.tools.choice import Choice
from app.tools.consultation import MATERIAL, Consultation
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool, Plan
from app.tools.talk import Talk, outcome

MAX_VOICES = 4

BLIND = f"""{MATERIAL}

Others answer the same question, and you do not hear them. Take a position of your own and give the reasons
that would convince somebody who disagrees. Say how sure you are."""

WEIGH = f"""{MATERIAL}

Several answers to one question were given independently; they are marked by letters, and one may be your own.
Weigh them by their reasons and not by their tone or length.
1. Where they agree, and whether that is more than a shared habit.
2. Where they differ, which side is right or what would decide it.
3. What none of them saw.
4. The answer you would act on, and how sure you are in per cent.
Refer to the answers by their letters. Do not repeat them."""


class ConsensusArguments(PromptArguments):
    """What to ask all of them; `model` is who weighs."""

    models: list[Line] = Field(
        default_factory=list, max_length=MAX_VOICES, description="2 to 4 to ask; else one of each vendor"
    )


class Voice(Struct, frozen=True):
    """What became of one model's turn: an answer, or why there is none."""

    letter: str
    model: Model
    answer: Answer | None
    fault: str = ""

    @property
    def heading(self) -> str:
        """Who speaks."""
        return f"## {self.letter}: {self.model.id}"

    @property
    def text(self) -> str:
        """What is shown below it."""
        return self.answer.text.strip() if self.answer is not None else f"No answer: {self.fault}"


def consensus_tool(consultations: Consultations) -> ModelTool[ConsensusArguments]:
    """Make the tool."""

    async def weigh(models: list[str], run: Run, consultation: Consultation) -> Outcome:
        return await Round(consultations, models, run, consultation).outcome()

    async def plan(call: Call, arguments: ConsensusArguments) -> Plan:
        if len(arguments.models) == 1:
            raise RefusedError(
                "A consensus needs two models or more: name another one, or leave `models` out."
            )
        consultation = Consultation(
            "consensus", BLIND, arguments.prompt, arguments, arguments.given, Effort.HIGH
        )
        return await consultations.plan(call, consultation, partial(weigh, arguments.models))

    return ModelTool(
        name="consensus",
        title="Consensus",
        description="Asks Kimi and GLM the same question at once, blind to each other, then has one weigh "
        "the answers: agreement, differences, what both missed, a verdict. For decisions where one opinion "
        "is not enough; costs about three chats.",
        arguments=ConsensusArguments,
        plan=plan,
    )


class Round:
    """One consensus: everybody asked, then one who weighs."""

    def __init__(
        self, consultations: Consultations, wanted: list[str], run: Run, consultation: Consultation
    ) -> None:
        self._consultations = consultations
        self._choice: Choice = consultations.choice
        self._wanted = wanted
        self._run = run
        self._consultation = consultation

    async def outcome(self) -> Outcome:
        """Ask, weigh, and return everything that was said; one vendor's failure costs its own answer only.

        Raises:
            RefusedError: nobody could be asked, or nobody answered.
        """
        consultation, run = self._consultation, self._run
        models = self._choice.voices(self._wanted, consultation.tool, consultation.media)
        wanted = consultation.arguments.model
        # Before anything is paid: a name that is wrong must not cost two answers.
        judge = None
        if wanted not in ("auto", ""):
            judge = self._choice.choose(wanted, consultation.tool, None, consultation.media)
        conversation = await self._consultations.conversation(run, consultation)
        readings = await self._consultations.readings.read(run, consultation.files)
        voices = [Voice(chr(ord("A") + number), model, None) for number, model in enumerate(models)]
        sections = Sections([voice.heading for voice in voices], run.say, lambda: run.account.started)
        talks = [
            self._consultations.talk(run, consultation, model, conversation, readings) for model in models
        ]
        run.now(f"asking {' and '.join(model.id for model in models)}")
        # All of them are awaited whatever happens: none may go on spending behind our back.
        heard = await asyncio.gather(
            *(
                self._hear(voice, talk, sections, number)
                for number, (voice, talk) in enumerate(zip(voices, talks, strict=True))
            ),
            return_exceptions=True,
        )
        for one in heard:
            if isinstance(one, BaseException):
                raise one
        spoken = [one for one in heard if isinstance(one, Voice)]
        return await self._weighed(spoken, talks[0], judge)

    async def _hear(self, voice: Voice, talk: Talk, sections: Sections, number: int) -> Voice:
        """Ask one model; nobody stands in for it, since that would be another voice twice."""
        try:
            ask = talk.asking(into=partial(sections.add, number), stand_in=False)
            answer = await self._run.ask(ask)
            outcome(answer, talk)
            return replace(voice, answer=answer)
        except (RefusedError, ProviderError) as error:
            return replace(voice, fault=str(error))
        finally:
            sections.end(number)

    async def _weighed(self, voices: list[Voice], talk: Talk, judge: Model | None) -> Outcome:
        heard = [(voice, voice.answer) for voice in voices if voice.answer is not None]
        if not heard:
            raise RefusedError(
                "\n".join(f"{voice.model.id} gave no answer: {voice.fault}" for voice in voices)
            )
        notes = [] if len({voice.model.vendor.id for voice in voices}) > 1 else [self._one_vendor(voices)]
        parts = [f"{voice.heading}\n\n{voice.text}" for voice in voices]
        model, partial_ = heard[0][0].model, any(answer.finish != "stop" for _, answer in heard)
        if len(heard) == 1:
            notes.append("only one model answered, so there was nothing to weigh")
        else:
            try:
                verdict = await self._verdict(heard, talk, judge or model)
            except (RefusedError, ProviderError) as error:
                notes.append(f"the answers were not weighed: {error}")
            else:
                parts.append(f"## Weighed by {verdict.model.id}\n\n{verdict.text.strip()}")
                model, partial_ = verdict.model, partial_ or verdict.finish != "stop"
        return Outcome(
            "\n\n".join(parts),
            model,
            partial=partial_,
            files=() if self._consultation.arguments.no_store else tuple(talk.readings),
            notes=tuple(notes),
        )

    async def _verdict(self, heard: list[tuple[Voice, Answer]], talk: Talk, judge: Model) -> Answer:
        """Have one model weigh the answers, without being told whose they are."""
        run, blind = self._run, talk.asking()
        answers = "\n\n".join(
            f'<answer letter="{voice.letter}">\n{answer.text.strip()}\n</answer>' for voice, answer in heard
        )

        async def messages(model: Model) -> tuple[Message, ...]:
            system, *before, question = await blind.messages(model)
            told = replace(question, text=f"{question.text}\n\nThe answers to this:\n\n{answers}")
            return replace(system, text=system.text.replace(BLIND, WEIGH)), *before, told

        run.say(f"\n\n## Weighed by {judge.id}\n\n")
        verdict = await run.ask(Ask(judge, messages, effort=blind.effort, media=blind.media))
        if not verdict.text.strip():
            raise RefusedError(f"{judge.id} spent its tokens on thinking and said nothing")
        return verdict

    def _one_vendor(self, voices: list[Voice]) -> str:
        vendor = voices[0].model.vendor
        note = f"all answers come from {vendor.title}, so they may share its habits"
        return note if self._wanted else f"{note}; the other vendor has no key"
