"""`chat`: ask a model anything, in a thread that lasts; it may search the web while it answers."""

from msgspec.structs import replace
from pydantic import Field

from app.files.arguments import GivenFile
from app.jobs.orders import Outcome
from app.jobs.run import Run
from app.protocol.tools import Call
from app.tools.arguments import PromptArguments
from app.tools.consultation import MATERIAL, Consultation
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool, Plan
from app.tools.searching import Research, Searches
from app.tools.talk import outcome

INSTRUCTIONS = f"{MATERIAL} Answer what is asked, directly and completely."


class ChatArguments(PromptArguments):
    """What to ask."""

    images: list[GivenFile] = Field(default_factory=list, description="as files; a model that sees is chosen")
    web_search: bool = Field(default=False, description="let the model search the web; it cites sources")

    @property
    def given(self) -> list[GivenFile]:
        """Files, then images."""
        return [*self.files, *self.images]


def chat_tool(consultations: Consultations, searches: Searches) -> ModelTool[ChatArguments]:
    """Make the tool."""

    async def search(run: Run, consultation: Consultation) -> Outcome:
        talk = await consultations.begin(run, consultation)
        research = Research(talk, searches)
        found = outcome(await research.answer(), talk)
        return replace(found, text=research.listed(found.text))

    async def plan(call: Call, arguments: ChatArguments) -> Plan:
        if arguments.web_search:
            searches.need()
        consultation = Consultation("chat", INSTRUCTIONS, arguments.prompt, arguments, arguments.given)
        return await consultations.plan(call, consultation, search if arguments.web_search else None)

    return ModelTool(
        name="chat",
        title="Chat",
        description="Asks Kimi or GLM, and remembers: pass the thread of an answer to go on, with either "
        "model. For a second opinion, an explanation, a draft, a look at an image, or anything no other tool "
        "here is for.",
        arguments=ChatArguments,
        plan=plan,
    )
