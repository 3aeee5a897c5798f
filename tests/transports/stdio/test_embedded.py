"""The server itself behind stdin and stdout: the real composition with SQLite, no port."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.transports.peers import call, handshake, initialize, request
from tests.transports.stdio.peers import environment, stdio


async def test_the_tools_are_the_servers_and_the_principal_is_local(tmp_path: Path) -> None:
    async with stdio(folder=tmp_path) as client:
        result = await handshake(client)
        tools = (await client.exchange(request("tools/list")))["result"]["tools"]
        status = (await client.exchange(call("status", {})))["result"]["structuredContent"]
        client.close()
        code, said = await client.exit()

    assert result["serverInfo"]["name"] == "exai-mcp-server"
    assert {"status", "listmodels"} <= {tool["name"] for tool in tools}
    assert status["dependencies"][0]["kind"] == "sqlite"
    assert code == 0
    assert (tmp_path / "data" / "exai.sqlite3").is_file()
    assert "listening" not in said


async def test_hundreds_of_calls_sent_before_one_answer_is_read_are_each_answered_once(
    tmp_path: Path,
) -> None:
    async with stdio(folder=tmp_path) as client:
        await handshake(client)
        calls = [call("listmodels", {}) if number % 2 else request("ping") for number in range(400)]
        answers = [await client.begin(message) for message in calls]
        replies = [await client.receive(answer) for answer in answers]

        assert [reply["id"] for reply in replies] == [message["id"] for message in calls]
        assert client.doubled == []
        # Some calls may find too many in flight; they are told so, never left alone.
        assert {reply["error"]["code"] for reply in replies if "error" in reply} <= {-31001}


async def test_a_message_above_the_limit_is_refused_with_its_id_and_the_next_one_served(
    tmp_path: Path,
) -> None:
    async with stdio(folder=tmp_path, environ={"MAX_MESSAGE_BYTES": "64KiB"}) as client:
        await handshake(client)
        refused = await client.exchange(call("status", {"text": "x" * 100_000}, request_id="too-large"))
        await client.write(b"x" * 1_000_000 + b"\n")
        skipped = await client.saw(None)

        assert "65536 bytes" in refused["error"]["message"]
        assert skipped.get("id") is None
        assert (await client.exchange(request("ping")))["result"] == {}


async def test_a_second_peer_beside_it_may_use_the_same_data(tmp_path: Path) -> None:
    async with stdio(folder=tmp_path) as one, stdio(folder=tmp_path) as other:
        await handshake(one)
        await handshake(other)

        for client in (one, other):
            result = (await client.exchange(call("status", {})))["result"]
            assert result["isError"] is False


async def test_asked_to_stop_it_ends_with_0(tmp_path: Path) -> None:
    async with stdio(folder=tmp_path) as client:
        await handshake(client)
        client.process.terminate()

        assert (await client.exit())[0] == 0


async def test_it_ends_when_nobody_reads_its_answers_any_more(tmp_path: Path) -> None:
    process = start(tmp_path)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(orjson.dumps(initialize()) + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.close()
    process.stdin.write(orjson.dumps(request("ping")) + b"\n")
    process.stdin.flush()

    assert process.wait(timeout=30) == 0

    process.stdin.close()


def start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "app", "stdio"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def test_a_file_may_be_its_stdin(tmp_path: Path) -> None:
    lines = [initialize(), {"jsonrpc": "2.0", "method": "notifications/initialized"}, request("ping")]
    script = tmp_path / "in.jsonl"
    script.write_bytes(b"\n".join(map(orjson.dumps, lines)))  # the last line has no end
    with script.open("rb") as source:
        done = subprocess.run(
            [sys.executable, "-m", "app", "stdio"],
            cwd=tmp_path,
            env=environment(),
            stdin=source,
            capture_output=True,
            check=True,
        )
    replies = [orjson.loads(line) for line in done.stdout.splitlines()]

    assert [reply["id"] for reply in replies] == [lines[0]["id"], lines[2]["id"]]


def test_a_wrong_setting_is_said_on_stderr_and_ends_it_with_78(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "stdio"],
        cwd=tmp_path,
        env=environment(LOG_LEVEL="LOUD"),
        input=b"",
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (78, b"")
    assert b"LOG_LEVEL" in done.stderr


PRINTING = {
    "print": "print('astray')",
    "the descriptor": "import os; os.write(1, b'astray')",
    "a child": "import subprocess; subprocess.run(['echo', 'astray'], check=True)",
}


@pytest.mark.parametrize("statement", PRINTING.values(), ids=PRINTING.keys())
def test_what_prints_by_accident_lands_on_stderr(statement: str) -> None:
    code = (
        "import os; from app.transports.stdio_pipes import claim_pipes;"
        f"source, sink = claim_pipes(); {statement}; os.write(sink, os.read(source, 9))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=b"message\n",
        capture_output=True,
        check=True,
        env=environment(),
    )

    assert done.stdout == b"message\n"
    assert b"astray" in done.stderr
