"""`documents`: the text of PDFs, Office files and scans, or an answer from it."""

from functools import partial

from pydantic import Field

from app.files.arguments import GivenFile
from app.jobs.errors import RefusedError
from app.jobs.orders import Outcome
from app.jobs.pages import page
from app.jobs.run import Run
from app.protocol.tools import Call
from app.threads.attachments import is_text, kind_of, reading_id
from app.tools.arguments import ModelArguments, Text
from app.tools.consultation import MATERIAL, Consultation
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool, Plan

INSTRUCTIONS = f"""{MATERIAL}

Answer from the documents that were given and from nothing else. Quote the words that an answer rests on, with
the document's name and the heading or page where it tells. If they do not say it, say so. Point out where
they contradict each other."""


class DocumentsArguments(ModelArguments):
    """What to read, and what to find out."""

    files: list[GivenFile] = Field(min_length=1)
    question: Text = Field(default="", description="left out: the text itself is returned")
    page: int = Field(default=1, ge=1, le=10_000, description="part of a long text")


def documents_tool(consultations: Consultations) -> ModelTool[DocumentsArguments]:
    """Make the tool."""

    async def extract(number: int, run: Run, consultation: Consultation) -> Outcome:
        readings = await consultations.readings.read(run, consultation.files, ("file", "image"))
        parts, ids = [], []
        for file in consultation.files:
            if kind_of(file.media_type) == "video":
                raise RefusedError(
                    f"{file.name!r} is a video, which has no text: ask about it with a question."
                )
            text = file if is_text(file.media_type) else readings[reading_id(file.id)]
            parts.append(f"# {file.name}\n\n{(text.content or b'').decode('utf-8', 'replace').strip()}")
            ids.append(f"{file.name}: {file.id}")
        notes = [] if run.order.no_store else [f"to ask about it without sending it again: {'; '.join(ids)}"]
        shown = page("\n\n".join(parts), number, 'the same call with "page": {page}.')
        return Outcome(shown, None, notes=tuple(notes))

    async def plan(call: Call, arguments: DocumentsArguments) -> Plan:
        if not arguments.question.strip():
            consultation = Consultation("documents", "", "", arguments, arguments.files)
            return await consultations.plan(
                call, consultation, partial(extract, arguments.page), threaded=False
            )
        consultation = Consultation("documents", INSTRUCTIONS, arguments.question, arguments, arguments.files)
        return await consultations.plan(call, consultation)

    return ModelTool(
        name="documents",
        title="Documents",
        description="Reads PDF, Word, Excel, PowerPoint, scans and text files: answers a question from them "
        "with quotes, or returns their text when there is no question. Each document is read, and paid for, "
        "once.",
        arguments=DocumentsArguments,
        plan=plan,
    )
