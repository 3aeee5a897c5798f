"""The load generator: compiled once, deaf to nothing, and honest about what it cannot do."""

from pathlib import Path

import pytest

from bench import load
from bench.contestants import ECHO, started
from bench.dialects import BARE_POST, BARE_WEBSOCKET, MCP_WEBSOCKET, Dialect
from bench.load import CannotBenchError
from bench.samples import LoadGenerator, NotAnsweredError


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)

    with pytest.raises(CannotBenchError, match=r"No C compiler was found .* install one"):
        load.build(tmp_path)


def test_on_another_system_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(load.platform, "system", lambda: "Darwin")

    with pytest.raises(CannotBenchError, match="needs Linux"):
        load.build(tmp_path)


@pytest.mark.usefixtures("generator")
def test_it_is_compiled_once(tmp_path: Path) -> None:
    program = load.build(tmp_path)
    made = program.stat().st_mtime_ns

    assert load.build(tmp_path) == program
    assert program.stat().st_mtime_ns == made
    assert [entry.name for entry in program.parent.iterdir()] == ["load"]


@pytest.mark.parametrize("dialect", [BARE_WEBSOCKET, BARE_POST])
@pytest.mark.parametrize("text_bytes", [64, 1000, 100_000])
def test_it_makes_as_many_calls_as_it_was_asked_to(
    generator: LoadGenerator, dialect: Dialect, text_bytes: int
) -> None:
    with started(ECHO, core=None) as server:
        sample = generator.sample(
            server, dialect, text_bytes=text_bytes, connections=3, inflight=1, calls=20, seconds=30
        )

    assert sample.calls == 20


def test_the_time_that_both_sides_work_is_told(generator: LoadGenerator) -> None:
    # Enough calls for the kernel to have looked at the server's clock meanwhile.
    with started(ECHO, core=None) as server:
        sample = generator.sample(server, BARE_WEBSOCKET, calls=20_000, seconds=30)

    assert sample.server_cpu > 0
    assert sample.client_cpu > 0


def test_every_call_of_the_open_loop_has_a_latency(generator: LoadGenerator) -> None:
    with started(ECHO, core=None) as server:
        sample = generator.sample(server, BARE_WEBSOCKET, connections=2, rate=100, seconds=0.2)

    assert len(sample.latencies_us) == 20
    assert sample.unanswered == 0
    assert min(sample.latencies_us) > 0


def test_sessions_stay_open_until_they_are_let_go(generator: LoadGenerator) -> None:
    with started(ECHO, core=None) as server, generator.sessions(server, BARE_WEBSOCKET, 20) as seconds:
        assert seconds > 0
        assert server.process.poll() is None


def test_an_answer_that_is_not_the_tools_is_no_call(generator: LoadGenerator) -> None:
    # The bare server sends the request back; that must never be counted as a tool's result.
    with (
        started(ECHO, core=None) as server,
        pytest.raises(NotAnsweredError, match="not the reply to a call"),
    ):
        generator.sample(server, MCP_WEBSOCKET, calls=1, seconds=10)


def test_a_server_that_has_ended_is_named_with_its_last_words(generator: LoadGenerator) -> None:
    with started(ECHO, core=None) as server:
        server.process.kill()
        server.process.wait()

        with pytest.raises(NotAnsweredError, match="bare aiohttp: cannot connect"):
            generator.sample(server, BARE_WEBSOCKET, calls=1, seconds=10)


def test_numbers_out_of_bounds_are_refused(generator: LoadGenerator) -> None:
    with started(ECHO, core=None) as server, pytest.raises(NotAnsweredError, match="out of its bounds"):
        generator.sample(server, BARE_WEBSOCKET, connections=1_000_000, seconds=1)
