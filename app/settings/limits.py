"""`[limits]` of server.toml: what the server takes from strangers and from clients before it says no.

What is an environment variable (MAX_MESSAGE_BYTES, CALL_TIMEOUT, …) is not repeated here. Read at start.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Bytes = Annotated[int, Field(ge=1024, le=1024**3)]


class Limits(BaseModel):
    """Every limit with its default; what somebody meets who goes past it stands after the colon."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sockets: Count = Field(
        2000, description="TCP connections, whoever opened them: 503 and closed before a byte is read"
    )
    connections: Count = Field(
        1000, description="requests and WebSockets served at once, over all clients: 503 with Retry-After"
    )
    connections_per_client: Count = Field(
        200, description="the share of them one client may hold: 503 with Retry-After"
    )
    sessions_per_client: Count = Field(
        1000, description="HTTP sessions one client may keep: its longest unused one answers 404"
    )
    session_idle_seconds: Seconds = Field(1800.0, description="an HTTP session unused for longer: 404")
    calls_per_session: Count = Field(64, description="calls in flight on one session: error -31001")
    calls_per_client: Count = Field(
        256, description="calls in flight over all sessions of one client: error -31001"
    )
    messages_per_second: Count = Field(
        500,
        description="messages one client may send while other clients are at work (alone it may use the "
        "whole server): WebSockets are read more slowly, HTTP is 429 with Retry-After",
    )
    pings_per_minute: Count = Field(
        60, description="WebSocket pings on one connection, unsolicited pongs included: closed with 1008"
    )
    json_depth: Annotated[int, Field(ge=8, le=512)] = Field(
        64, description="levels of nesting in one message: error -32600"
    )
    header_bytes: Annotated[int, Field(ge=1024, le=65_536)] = Field(8190, description="one header line: 400")
    header_count: Annotated[int, Field(ge=16, le=1000)] = Field(128, description="header lines: 400")
    url_bytes: Annotated[int, Field(ge=256, le=65_536)] = Field(8190, description="the request line: 400")
    keepalive_seconds: Seconds = Field(
        15.0, description="an idle connection, or a header sent drop by drop: closed"
    )
    body_seconds: Seconds = Field(15.0, description="time for a whole request body: 408")
    heartbeat_seconds: Seconds = Field(
        20.0, description="a WebSocket peer silent for longer is pinged; half of it later: dropped"
    )
    stall_seconds: Seconds = Field(20.0, description="a reader that takes nothing for longer: dropped")
    outbox_bytes: Bytes = Field(8 * 1024**2, description="what may wait for a slow WebSocket reader: dropped")
    wrong_tokens: Count = Field(
        5, description="wrong tokens from one address in one window: 429 with Retry-After"
    )
    wrong_token_seconds: Seconds = Field(
        60.0, description="that window, and how long the address then waits: 429"
    )
    held_back_seconds: Seconds = Field(
        1.0,
        description="how long a refusal that repeats (429) is held back, and the next WebSocket of a client "
        "that broke the rules on one: at most 256 wait at once",
    )
    file_bytes: Bytes = Field(
        20 * 1024**2, description="one file, however it comes: refused with the figure; POST /files: 413"
    )
    files_per_call: Annotated[int, Field(ge=1, le=100)] = Field(
        16, description="files and images of one tool call: refused with the figure"
    )
    file_seconds: Annotated[float, Field(ge=60, le=30 * 86_400)] = Field(
        86_400.0, description="a file that no thread names: removed, its id is then unknown"
    )
    file_bytes_per_hour: Annotated[int, Field(ge=1024, le=1024**4)] = Field(
        512 * 1024**2,
        description="what one client may have kept in files: refused until the hour is over; POST /files: "
        "429",
    )
    uploads: Count = Field(4, description="bodies of POST /files read at once: 503 with Retry-After")
    upload_seconds: Seconds = Field(60.0, description="time for the whole body of POST /files: 408")
