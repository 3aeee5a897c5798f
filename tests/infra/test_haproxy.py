"""What HAProxy is told, and what it says of those behind it."""

import pytest

from app import contract
from infra import haproxy
from infra.haproxy import DoorConfig, EdgeConfig

EDGE = EdgeConfig(peers="tasks.prod-exai-mcp-server", certificate="/run/secrets/tls", lingers=3600).render()
DOOR = DoorConfig(peers="tasks.prod-edge").render()


def _directives(config: str) -> list[str]:
    return [line.strip() for line in config.splitlines() if line.strip() and not line.strip().startswith("#")]


def test_only_what_ran_nowhere_is_tried_again() -> None:
    assert [line for line in _directives(EDGE) if line.startswith("retry-on")] == [
        "retry-on conn-failure 503"
    ]
    assert not any(line.startswith("retry-on") for line in _directives(DOOR))


def test_a_client_cannot_claim_another_address() -> None:
    assert "http-request set-header X-Forwarded-For %[src]" in _directives(EDGE)
    assert "option forwardfor" not in EDGE


def test_streams_may_be_silent_for_longer_than_the_longest_call() -> None:
    assert "timeout server 900s" in _directives(EDGE)
    assert "timeout tunnel 3600s" in _directives(EDGE)
    assert "timeout client 3660s" in _directives(DOOR)


def test_a_server_that_leaves_is_noticed_while_it_still_takes_work() -> None:
    (peers,) = [line for line in _directives(EDGE) if line.startswith("server-template")]

    assert "tasks.prod-exai-mcp-server:8079" in peers
    assert "check inter 500ms fall 6 rise 1" in peers
    assert haproxy.NOTICE_SECONDS < contract.LAME_DUCK_SECONDS


def test_there_are_slots_for_old_and_new_of_the_most_replicas() -> None:
    assert f"server-template peer {2 * 16} " in EDGE


def test_the_door_reads_nothing_and_passes_the_clients_address_on() -> None:
    (peers,) = [line for line in _directives(DOOR) if line.startswith("server-template")]

    assert "mode tcp" in _directives(DOOR)
    assert "send-proxy-v2" in peers
    assert f"bind :{contract.EDGE_PORT} accept-proxy ssl crt /run/secrets/tls alpn http/1.1" in _directives(
        EDGE
    )


@pytest.mark.parametrize("config", [EDGE, DOOR])
def test_how_it_sees_others_is_told_to_its_own_container_only(config: str) -> None:
    lines = _directives(config)

    assert lines.index("http-request deny unless { src 127.0.0.1 }") < lines.index("stats enable")
    assert f"http-request return status 200 if {{ path {contract.EDGE_ALIVE_PATH} }}" in lines


def test_who_gets_work_is_read_from_the_status() -> None:
    said = (
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n"
        "# pxname,svname,status,addr\n"
        "servers,peer1,UP,10.0.0.1:8079\n"
        "servers,peer2,DOWN,10.0.0.2:8079\n"
        "servers,peer3,MAINT (resolution),\n"
        "servers,BACKEND,UP,\n"
    )

    assert haproxy.working(said) == {"10.0.0.1"}
    assert haproxy.working("") == set()
