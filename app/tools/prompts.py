"""A prompt for each workflow: a person picks it and fills it in, and their model calls the tool meant."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.protocol.call import Call
from app.protocol.prompts import Prompt

ALL_OF_IT = "It sees nothing of our conversation: put all it needs into `prompt` and `files`."


Model = Annotated[str, Field(description="auto, kimi, glm, or a model of listmodels")]
Project = Annotated[str, Field(description="groups threads and costs")]


class Form(BaseModel):
    """One prompt: what is filled in, and what is made of it. Every argument is text; empty is left out."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]

    def text(self) -> str:
        """Return what the person's model is asked to do."""
        return " ".join(sentence for sentence in self._sentences() if sentence)

    def _sentences(self) -> list[str]:
        raise NotImplementedError

    def _passing(self, *names: str) -> str:
        """Say which of the arguments are passed to the tool as they are; nothing when none was given."""
        given = {name: getattr(self, name, "").strip() for name in (*names, "model", "project")}
        passed = ", ".join(f"`{name}`: `{value}`" for name, value in given.items() if value)
        return f"Pass {passed}." if passed else ""


class Review(Form):
    """For `codereview`."""

    name = "review"
    title = "Review code"
    about = "Has Kimi or GLM review code, then judges the findings."

    what: str = Field(description="files, a diff, a commit, or what was just changed")
    focus: str = Field(default="", description="quality, security, performance, refactor or tests")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Have this reviewed by the tool `codereview`: {self.what}.",
            self._passing("focus"),
            f"Give the code as `files`, and say in `prompt` what it is for. {ALL_OF_IT}",
            "Then check each finding against the code, say which hold, and propose a mend for those.",
        ]


class Debug(Form):
    """For `debug`."""

    name = "debug"
    title = "Find a bug"
    about = "Has Kimi or GLM look for the cause of a failure, then tests its hypotheses."

    symptom: str = Field(description="what happens, with the error message")
    expected: str = Field(default="", description="what should happen")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Find the cause of this failure: {self.symptom}.",
            f"Expected instead: {self.expected}." if self.expected else "",
            "Gather the code and logs that matter, then call the tool `debug` with them.",
            self._passing(),
            ALL_OF_IT,
            "Test its hypotheses in order, tell it in the same thread what you found, and go on until the "
            "cause is shown and not only likely.",
        ]


class Plan(Form):
    """For `planner`."""

    name = "plan"
    title = "Make a plan"
    about = "Has Kimi or GLM plan, then checks the plan against what is here."

    goal: str = Field(description="what is to be reached, and within what limits")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Plan this with the tool `planner`: {self.goal}.",
            self._passing(),
            ALL_OF_IT,
            "Check each step against what is really here, and have the plan revised in its thread where it "
            "does not fit. Do nothing of it yet.",
        ]


class Think(Form):
    """For `thinkdeep`."""

    name = "think"
    title = "Think deeply"
    about = "Has a model think as hard as it can, then weighs what it says."

    question: str = Field(description="the question or the decision")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Ask the tool `thinkdeep`: {self.question}.",
            self._passing(),
            ALL_OF_IT,
            "Then say where you agree, where you do not and why, and what you would do.",
        ]


class Consensus(Form):
    """For `consensus`."""

    name = "consensus"
    title = "Ask both models"
    about = "Asks Kimi and GLM the same question, blind to each other."

    question: str = Field(description="the question or the decision")
    models: str = Field(default="", description="two to four, with commas; empty: one of each vendor")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Ask the tool `consensus`: {self.question}.",
            f"Its `models` are {self.models}." if self.models else "",
            self._passing(),
            ALL_OF_IT,
            "Report what they agree on, where they differ, and apart from that your own view.",
        ]


class AskDocuments(Form):
    """For `documents`."""

    name = "ask-documents"
    title = "Ask documents"
    about = "Has documents read, and answers from them."

    files: str = Field(description="paths, or ids of uploaded files")
    question: str = Field(default="", description="what to find out; empty: their text")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Give these files to the tool `documents`: {self.files}.",
            f"The `question`: {self.question}."
            if self.question
            else "Leave `question` out: I want the text.",
            self._passing(),
            "Files on this machine go as `path`, uploaded ones as `id`. Quote what an answer rests on.",
        ]


class Research(Form):
    """For `chat` with searches."""

    name = "research"
    title = "Search the web"
    about = "Has a model search the web and answer with sources."

    question: str = Field(description="what to find out")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Ask the tool `chat` with `web_search`: true: {self.question}.",
            self._passing(),
            "Give the answer with its sources, and say which claims no source bears out.",
        ]


class Continue(Form):
    """For `chat` in a thread."""

    name = "continue"
    title = "Go on with a thread"
    about = "Takes up an earlier conversation, with either model."

    thread: str = Field(description="the thread's id")
    prompt: str = Field(default="", description="what to say next; empty: sum it up")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        prompt = self.prompt or "Sum up where we are, what is decided and what is open."
        return [f"Call the tool `chat` with the `prompt`: {prompt}", self._passing("thread")]


class Background(Form):
    """For `jobs`."""

    name = "background"
    title = "Ask in the background"
    about = "Starts a long question and goes on with other work."

    question: str = Field(description="what to ask")
    tool: str = Field(default="consensus", description="chat, thinkdeep, consensus, …")
    model: Model = ""
    project: Project = ""

    def _sentences(self) -> list[str]:
        return [
            f"Start this in the background (tool `jobs`, `action`: `start`, `tool`: `{self.tool}`):",
            f"{self.question}.",
            self._passing(),
            ALL_OF_IT,
            "Go on with other work, and collect the answer by its job id when it is needed.",
        ]


FORMS: tuple[type[Form], ...] = (
    Review,
    Debug,
    Plan,
    Think,
    Consensus,
    AskDocuments,
    Research,
    Continue,
    Background,
)


def workflow_prompts() -> tuple[Prompt[Any], ...]:
    """Make them, in the order in which clients list them."""

    async def fill(_: Call, form: Form) -> list[dict[str, Any]]:
        return [{"role": "user", "content": {"type": "text", "text": form.text()}}]

    return tuple(Prompt(form.name, form.title, form.about, form, fill) for form in FORMS)
