"""The names that OpenTelemetry has for what happens here, pinned in one place.

Source: open-telemetry/semantic-conventions-genai (docs/gen-ai, docs/mcp; all still "Development") and
open-telemetry/semantic-conventions (docs/database, docs/rpc), as of November 2026.
"""

from typing import Final

MCP_METHOD: Final = "mcp.method.name"
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
MCP_SESSION: Final = "mcp.session.id"
JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
ERROR_TYPE: Final = "error.type"

GEN_AI_OPERATION: Final = "gen_ai.operation.name"
GEN_AI_TOOL: Final = "gen_ai.tool.name"
GEN_AI_PROVIDER: Final = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
GEN_AI_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
GEN_AI_CONVERSATION: Final = "gen_ai.conversation.id"
GEN_AI_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
GEN_AI_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
GEN_AI_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
EXECUTE_TOOL: Final = "execute_tool"
CHAT: Final = "chat"

DB_SYSTEM: Final = "db.system.name"
DB_OPERATION: Final = "db.operation.name"

SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
SERVICE_INSTANCE: Final = "service.instance.id"

_PROVIDERS: Final = {"kimi": "moonshot_ai", "glm": "z_ai"}
"""`moonshot_ai` is a well-known value of the conventions; they have none for Z.ai."""


def provider_name(vendor: str) -> str:
    """Return the conventions' name of a vendor; its own id where there is none."""
    return _PROVIDERS.get(vendor, vendor)
