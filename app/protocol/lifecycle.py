"""The handshake: `initialize` and `ping` (specification: basic/lifecycle)."""

from typing import Any

from pydantic import BaseModel, ValidationError

from app.protocol.call import Call
from app.protocol.errors import InvalidParams, InvalidRequest
from app.protocol.revisions import agree
from app.protocol.schemas import faults


class Implementation(BaseModel):
    """Who the client says it is."""

    name: str
    version: str


class Initialize(BaseModel):
    """The parameters of `initialize`."""

    protocolVersion: str  # noqa: N815 - the wire's spelling
    capabilities: dict[str, dict[str, Any]]
    clientInfo: Implementation  # noqa: N815 - the wire's spelling


class Lifecycle:
    """Opens sessions: agrees on a revision and says what this server is and can do."""

    def __init__(
        self, *, server_info: dict[str, Any], instructions: str, capabilities: dict[str, Any]
    ) -> None:
        self._server_info = server_info
        self._instructions = instructions
        self._capabilities = capabilities

    def initialize(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `initialize`; from here on the session has a revision.

        Raises:
            InvalidRequest: the session has one already.
            InvalidParams: the parameters do not fit.
        """
        session = call.session
        if session.revision is not None:
            raise InvalidRequest("This session is already initialized; open a new connection instead.")
        try:
            asked = Initialize.model_validate(params)
        except ValidationError as error:
            raise InvalidParams(f"initialize does not fit: {faults(error)}.") from None
        revision = session.revision = agree(asked.protocolVersion)
        session.client = asked.clientInfo.model_dump()
        session.client_capabilities = asked.capabilities
        info = self._server_info
        if not revision.structured:
            info = {key: info[key] for key in ("name", "version")}
        return {
            "protocolVersion": revision.version,
            "capabilities": self._capabilities,
            "serverInfo": info,
            "instructions": self._instructions,
        }
