"""Threads as resources: `exai://threads` lists them, `exai://threads/{id}` is one as Markdown."""

from collections.abc import Callable

from app.jobs.run import Run
from app.protocol.call import Call
from app.protocol.errors import ProtocolError
from app.protocol.resources import Resource, no_such_resource
from app.stores import NotFoundError, StoreError, ThreadStore
from app.threads.conversation import turns_after
from app.threads.export import as_markdown
from app.tools.arguments import is_handle
from app.tools.threads import Changed, as_line

LIST = "exai://threads"
ONE = "exai://threads/{id}"
MARKDOWN = "text/markdown"

MOST_LISTED = 200


def thread_resources(store: ThreadStore) -> tuple[Resource, Resource]:
    """Make both; each principal reads its own threads, and of others' nobody learns that they exist."""

    async def read_list(call: Call, _uri: str, _variables: dict[str, str]) -> str:
        try:
            threads = await store.threads(call.principal, project=None, before=None, most=MOST_LISTED)
        except StoreError as error:
            raise ProtocolError(str(error)) from error
        lines = [as_line(thread) for thread in threads] or ["There is no thread here yet."]
        return "\n".join(["# Threads", "", *lines, ""])

    async def read_one(call: Call, uri: str, variables: dict[str, str]) -> str:
        if not is_handle(variables["id"]):
            raise no_such_resource(call, uri)
        try:
            thread = await store.thread(call.principal, variables["id"])
            turns = await turns_after(store, call.principal, thread.id, 0)
        except NotFoundError:
            raise no_such_resource(call, uri) from None
        except StoreError as error:
            raise ProtocolError(str(error)) from error
        return as_markdown(thread, turns)

    return (
        Resource(
            LIST, "threads", "Threads", "Your conversations, the last touched first.", MARKDOWN, read_list
        ),
        Resource(ONE, "thread", "Thread", "One conversation, whole.", MARKDOWN, read_one),
    )


def news_of_threads(tell: Callable[[str, str | None], None]) -> Changed:
    """Return what tells a principal's clients that one of its threads, and the list, read differently now."""

    def changed(principal: str, thread: str) -> None:
        tell(ONE.format(id=thread), principal)
        tell(LIST, principal)

    return changed


def after_jobs(changed: Changed) -> Callable[[Run], None]:
    """Return what `Jobs.when_ended` is to be: a job that is an exchange of a thread has changed it."""

    def ended(run: Run) -> None:
        if run.account.number is not None and run.account.thread is not None:
            changed(run.order.principal, run.account.thread)

    return ended
