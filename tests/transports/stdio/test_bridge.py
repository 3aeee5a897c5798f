"""The bridge as a process between a client's pipes and a server that comes and goes."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import psutil

from tests.transports.peers import call, handshake, initialize, request
from tests.transports.server import TOKEN
from tests.transports.stdio.peers import TOKENS, WAIT_SECONDS, FixtureServer, environment, stdio

LOST = -31010


def note(text: str, **more: Any) -> dict[str, Any]:
    return call("note", {"text": text}, **more)


def wait(text: str) -> dict[str, Any]:
    return call("wait", {"text": text}, _meta={"progressToken": text})


def said(reply: dict[str, Any]) -> str:
    text: str = reply["result"]["content"][0]["text"]
    return text


def start_with_plain_pipes(url: str, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "app", "stdio", "--url", url],
        cwd=folder,
        env=environment(**TOKENS),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


async def test_hundreds_of_interleaved_calls_are_each_answered_once_and_run_once(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    in_flight = asyncio.Semaphore(32)
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)

        async def one(number: int) -> None:
            async with in_flight:
                assert said(await client.exchange(note(f"n{number}"))) == f"n{number}"

        async with asyncio.TaskGroup() as group:
            for number in range(600):
                group.create_task(one(number))

        assert client.doubled == []
        assert sorted(remote.runs) == sorted(f"n{number}" for number in range(600))


async def test_a_session_goes_on_after_the_server_was_killed_and_what_it_ran_is_answered_as_unknown(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        held = await client.begin(wait("held"))
        await client.saw("notifications/progress")
        await remote.kill()
        error = (await client.receive(held))["error"]

        assert error["code"] == LOST
        assert error["data"] == {"executed": "unknown"}
        assert "may have run" in error["message"]

        waiting = await client.begin(note("while-away"))
        await remote.start()

        assert said(await client.receive(waiting)) == "while-away"
        assert said(await client.exchange(note("after"))) == "after"
        assert remote.runs == ["held", "while-away", "after"]
        assert client.doubled == []


async def test_a_restart_under_load_loses_nothing_and_runs_nothing_twice(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    answers = []
    in_flight = asyncio.Semaphore(16)
    half = asyncio.Event()
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)

        async def one(number: int) -> None:
            async with in_flight:
                answers.append((number, await client.exchange(note(f"n{number}"))))
            if len(answers) == 150:
                half.set()

        async with asyncio.TaskGroup() as group:
            for number in range(400):
                group.create_task(one(number))
            await half.wait()
            await remote.kill()
            await remote.start()

        answered = {number for number, reply in answers if "result" in reply}
        lost = {number for number, reply in answers if "error" in reply}
        assert {reply["error"]["code"] for _, reply in answers if "error" in reply} <= {LOST}
        assert answered | lost == set(range(400))
        assert len(lost) <= 16
        assert client.doubled == []
        runs = remote.runs
        assert len(runs) == len(set(runs))
        assert {f"n{number}" for number in answered} <= set(runs)


async def test_a_drain_costs_no_call_the_old_server_answers_what_runs_and_the_next_one_the_rest(
    remote: FixtureServer, tmp_path: Path
) -> None:
    old = await remote.start()
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        held = await client.begin(wait("held"))
        await client.saw("notifications/progress")
        old.terminate()
        await remote.says(old, "draining")
        refused = await client.begin(note("refused-by-the-old-one"))
        await remote.start()

        assert said(await client.receive(refused)) == "refused-by-the-old-one"

        old.send_signal(signal.SIGUSR1)

        assert said(await client.receive(held)) == "held"
        assert remote.runs == ["held", "refused-by-the-old-one"]


async def test_a_server_that_is_not_there_yet_is_waited_for(remote: FixtureServer, tmp_path: Path) -> None:
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        opening = await client.begin(initialize())
        await remote.start()

        assert (await client.receive(opening))["result"]["protocolVersion"] == "2025-11-25"


async def test_a_wrong_token_ends_it_with_78_one_sentence_and_an_answer(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    wrong = {"AUTH_TOKEN": "a-wrong-token"}
    async with stdio("--url", remote.url, folder=tmp_path, environ=wrong) as client:
        reply = await client.exchange(initialize())
        code, told = await client.exit()

    assert reply["error"]["data"] == {"executed": "no"}
    assert "does not accept the token (401)" in reply["error"]["message"]
    assert code == 78
    assert "set EXAI_TOKEN" in told
    assert len(told.splitlines()) == 1
    assert "a-wrong-token" not in told


async def test_the_token_may_come_from_a_file_and_is_read_anew_for_each_connection(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    async with stdio("--url", remote.url, "--token-file", str(file), folder=tmp_path) as client:
        await handshake(client)
        file.write_text("rotated-without-telling-the-server\n")
        await remote.kill()
        await remote.start()
        code, told = await client.exit()

    assert code == 78
    assert "does not accept the token" in told


async def test_large_messages_pass_and_larger_ones_are_refused_without_harm(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    large = "x" * (3 * 1024 * 1024)
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        held = await client.begin(wait("held"))
        await client.saw("notifications/progress")

        assert said(await client.exchange(note(large))) == large

        error = (await client.exchange(note(large * 2)))["error"]

        assert error["code"] == -32600
        assert "4194304 bytes" in error["message"]

        remote.processes[-1].send_signal(signal.SIGUSR1)

        assert said(await client.receive(held)) == "held"


async def test_what_was_asked_is_answered_after_stdin_ended_and_then_it_exits(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        held = await client.begin(wait("held"))
        await client.saw("notifications/progress")
        client.close()
        remote.processes[-1].send_signal(signal.SIGUSR1)

        assert said(await client.receive(held)) == "held"
        assert (await client.exit())[0] == 0


async def test_stdin_closed_at_once_ends_it_though_no_server_is_there(
    remote: FixtureServer, tmp_path: Path
) -> None:
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        client.close()

        assert (await client.exit())[0] == 0


async def test_a_cancelled_call_is_not_answered_even_when_its_connection_breaks(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    async with stdio("--url", remote.url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        asked = wait("held")
        held = await client.begin(asked)
        await client.saw("notifications/progress")
        cancellation = {"requestId": asked["id"], "reason": "changed my mind"}
        await client.tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancellation})
        await client.exchange(request("ping"))
        await remote.kill()
        await remote.start()
        await client.exchange(request("ping"))

        assert not held.done()


async def test_a_client_that_reads_nothing_is_not_read_from_either(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    process = start_with_plain_pipes(remote.url, tmp_path)
    assert process.stdin is not None
    text = "x" * (128 * 1024)
    calls = [initialize(), {"jsonrpc": "2.0", "method": "notifications/initialized"}]
    calls += [note(text) for _ in range(600)]  # 75 MiB
    unsent = b"".join(orjson.dumps(message) + b"\n" for message in calls)
    offered = len(unsent)
    os.set_blocking(process.stdin.fileno(), False)
    while select.select([], [process.stdin], [], 2)[1]:
        unsent = unsent[os.write(process.stdin.fileno(), unsent[: 64 * 1024]) :]
    taken = offered - len(unsent)

    assert 0 < taken < 48 * 1024 * 1024  # every bound on the way together, whatever the kernel's buffers
    assert psutil.Process(process.pid).memory_info().rss < 160 * 1024 * 1024

    process.kill()
    process.communicate()


async def test_it_ends_with_its_parent_though_somebody_else_keeps_its_stdin_open(
    remote: FixtureServer, tmp_path: Path
) -> None:
    code = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-m', 'app', 'stdio', '--url', {remote.url!r}]);"
        "print(p.pid, file=sys.stderr, flush=True); time.sleep(600)"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", code),
        cwd=tmp_path,
        env=environment(**TOKENS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    assert parent.stderr is not None
    pid = int(await parent.stderr.readline())
    await parent.stderr.readline()  # it runs: it has said that nobody is there
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(WAIT_SECONDS):
        # The grandchild holds stdout too; its end is the grandchild's end.
        assert await parent.stdout.read() == b""
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
