"""How the stores are given the server's logins, on a made-up engine; tests/e2e has real stores."""

import pulumi
import pytest

from infra import engine, logins
from infra.cache import redis_url
from infra.credentials import SecretFiles
from infra.database import database_url
from infra.engine import EngineError
from infra.settings import Settings
from infra.site import Site
from infra.workload import Running

AWKWARD = 'it\'s a \\ "word" ; DROP :x'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], str]]:
    calls: list[tuple[tuple[str, ...], str]] = []

    def ask(*arguments: str, text: str = "") -> str:
        calls.append((arguments, text))
        return ""

    monkeypatch.setattr(engine, "ask", ask)
    return calls


def test_no_password_is_on_a_command_line(asked: list[tuple[tuple[str, ...], str]]) -> None:
    logins.postgres_give("c", AWKWARD)
    logins.postgres_retire("c", AWKWARD)
    logins.redis_give("c", AWKWARD)
    logins.redis_retire("c", AWKWARD)

    assert len(asked) == 4
    assert all(AWKWARD not in argument for arguments, _ in asked for argument in arguments)


def test_a_password_is_quoted_for_psql(asked: list[tuple[tuple[str, ...], str]]) -> None:
    logins.postgres_give("c", AWKWARD)

    (_, text), *_ = asked
    assert "\\set password 'it''s a \\\\ \"word\" ; DROP :x'\n" in text
    assert text.index("log_min_error_statement TO panic") < text.index("PASSWORD :'password'")


def test_each_password_has_a_role_of_its_own() -> None:
    assert logins.postgres_login("one") != logins.postgres_login("two")
    assert logins.postgres_login("one").startswith("exai_")


def test_urls_carry_any_password() -> None:
    assert redis_url("a/b@c:d") == "redis://exai:a%2Fb%40c%3Ad@redis:6379/0"
    assert database_url("a/b") == f"postgresql://{logins.postgres_login('a/b')}:a%2Fb@postgres:5432/exai"


async def test_a_store_that_is_not_healthy_yet_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([EngineError("not yet"), "container"])
    given: list[tuple[str, str]] = []

    def healthy_one(_site: Site, service: str) -> str:
        assert service == "redis"
        answer = next(answers)
        if isinstance(answer, EngineError):
            raise answer
        return answer

    monkeypatch.setattr(engine, "healthy_one", healthy_one)
    monkeypatch.setattr(logins, "POLL_SECONDS", 0)

    await logins.assured(lambda container, password: given.append((container, password)), site, "redis", "pw")

    assert given == [("container", "pw")]


async def test_waiting_for_a_store_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_site: Site, _service: str) -> str:
        raise EngineError("No healthy container is there.")

    monkeypatch.setattr(engine, "healthy_one", none)
    monkeypatch.setattr(logins, "READY_SECONDS", 0)

    with pytest.raises(pulumi.RunError, match=r"redis did not take the server's password\. No healthy"):
        await logins.assured(lambda *_: None, site, "redis", "pw")


@pytest.mark.usefixtures("update")
async def test_a_url_is_known_once_the_store_is_open() -> None:
    opened: list[bool] = []

    async def open_up() -> None:
        opened.append(True)

    url = logins.once_open(_store(pulumi.Output.from_input("id")), "redis://r", open_up)

    assert await url.future() == "redis://r"
    assert opened == [True]


@pytest.mark.usefixtures("preview")
async def test_a_preview_opens_nothing_and_knows_the_url_of_a_store_to_come() -> None:
    async def never() -> None:
        raise AssertionError

    to_come = pulumi.Output.from_input(pulumi.UNKNOWN)
    url = logins.once_open(_store(to_come), "redis://r", never)

    assert await url.is_known()
    assert await url.future() == "redis://r"


def _store(made: pulumi.Output[str]) -> Running:
    return Running(pulumi.Output.from_input("redis"), made)


async def test_former_passwords_end_in_the_stores_that_this_stack_runs(
    site: Site, credentials: SecretFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[str, str]] = []
    monkeypatch.setattr(engine, "healthy_one", lambda _site, service: f"{service}-container")
    monkeypatch.setattr(logins, "postgres_retire", lambda *given: ended.append(given))
    monkeypatch.setattr(logins, "redis_retire", lambda *given: ended.append(given))

    await logins.retire(site, Settings(external=["redis"]), credentials)

    assert ended == [("postgres-container", credentials.text("postgres_password"))]


async def test_a_password_that_could_not_be_ended_is_a_warning(
    site: Site, credentials: SecretFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []

    def none(_site: Site, _service: str) -> str:
        raise EngineError("It is gone.")

    monkeypatch.setattr(engine, "healthy_one", none)
    monkeypatch.setattr(pulumi.log, "warn", warned.append)

    await logins.retire(site, Settings(), credentials)

    assert warned[0] == "A former password of postgres stays valid until the next update. It is gone."
