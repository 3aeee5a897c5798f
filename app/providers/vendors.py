"""Kimi and GLM: where they are, whose keys they take, and how their dialects differ, as data.

Sources: platform.kimi.ai/docs (chat, errors), docs.z.ai (chat completion, api-code), and the threads that
the comments name, read in November 2026.
"""

from types import MappingProxyType

from app.providers.errors import Kind
from app.providers.records import Dialect, Origin, Vendor

_KIMI_DIALECT = Dialect(
    # `max_tokens` is deprecated there, and its default can be 1,024, which reasoning alone uses up.
    output_field="max_completion_tokens",
    user_field="safety_identifier",
    cache_field="prompt_cache_key",
    json_schemas=True,
    # Defaults to true, and then a nested property without `type` is refused.
    function_strict=False,
    stream_options=True,
    stops=5,
    keep=MappingProxyType({"keep": "all"}),
    request_id_headers=("msh-request-id", "x-request-id", "x-msh-trace-id", "x-trace-id"),
    errors=MappingProxyType(
        {
            "content_filter": Kind.CONTENT,
            "invalid_request_error": Kind.REQUEST,
            "invalid_authentication_error": Kind.KEY,
            "incorrect_api_key_error": Kind.KEY,
            "permission_denied_error": Kind.MODEL,
            "resource_not_found_error": Kind.MODEL,
            "rate_limit_reached_error": Kind.CAPACITY,
            "engine_overloaded_error": Kind.CAPACITY,
            # A 429 like the two above, and yet about money.
            "exceeded_current_quota_error": Kind.ACCOUNT,
            "server_error": Kind.UNREACHABLE,
            "unexpected_output": Kind.UNREACHABLE,
            "server_unavailable": Kind.UNREACHABLE,
        }
    ),
    phrases=(
        ("token length too long", Kind.CONTEXT),
        ("exceeded model token limit", Kind.CONTEXT),
        # Kimi Code's keys serve its own clients only (403).
        ("only available for coding agents", Kind.KEY),
    ),
)

_GLM_DIALECT = Dialect(
    output_field="max_tokens",
    user_field="user_id",
    id_field="request_id",
    # GLM answers 400 to a data URL of an image, 200 to its base64 (BigPizzaV3/CodexPlusPlus#2031).
    data_urls=False,
    stops=1,
    keep=MappingProxyType({"clear_thinking": False}),
    request_id_headers=("x-request-id", "x-log-id"),
    # Reset times in its messages carry no zone; the vendor's is Beijing's.
    reset_hours=8,
    errors=MappingProxyType(
        {
            "500": Kind.UNREACHABLE,
            **dict.fromkeys(("1000", "1001", "1002", "1003", "1004"), Kind.KEY),
            **dict.fromkeys(("1110", "1111", "1112", "1113", "1121", "1309"), Kind.ACCOUNT),
            "1120": Kind.UNREACHABLE,
            **dict.fromkeys(("1210", "1212", "1213", "1214", "1215", "1221", "1222", "1231"), Kind.REQUEST),
            **dict.fromkeys(("1211", "1220", "1311"), Kind.MODEL),
            **dict.fromkeys(("1230", "1234"), Kind.UNREACHABLE),
            "1261": Kind.CONTEXT,
            **dict.fromkeys(("1300", "1301"), Kind.CONTENT),
            **dict.fromkeys(("1302", "1303", "1305"), Kind.CAPACITY),
            **dict.fromkeys(("1308", "1310", "1316", "1317", "1318", "1319", "1320", "1321"), Kind.WINDOW),
            # Called a fair-use block by one source and a busy moment by another: nothing to repeat by itself.
            "1313": Kind.ACCOUNT,
        }
    ),
    phrases=(
        ("prompt exceeds max length", Kind.CONTEXT),
        # Comes as 1210, a wrong parameter (NousResearch/hermes-agent#61728).
        ("more than max tokens allowed", Kind.CONTEXT),
    ),
)

KIMI = Vendor(
    id="kimi",
    title="Kimi (Moonshot)",
    key_variable="KIMI_API_KEY",
    url_variable="KIMI_BASE_URL",
    keys_at="https://platform.kimi.ai/console/api-keys",
    billing_at="https://platform.kimi.ai/console/pay",
    lists_models=True,
    dialect=_KIMI_DIALECT,
    origins=(
        Origin("platform.kimi.ai", "https://api.moonshot.ai/v1"),
        Origin("platform.kimi.com", "https://api.moonshot.cn/v1"),
        Origin(
            "Kimi Code (subscription)",
            "https://api.kimi.com/coding/v1",
            warning="is Kimi Code's address, whose terms allow coding agents only and which refuses other "
            "clients: use a key of platform.kimi.ai with https://api.moonshot.ai/v1",
        ),
    ),
)
GLM = Vendor(
    id="glm",
    title="GLM (Z.ai)",
    key_variable="GLM_API_KEY",
    url_variable="GLM_BASE_URL",
    keys_at="https://z.ai/manage-apikey/apikey-list",
    billing_at="https://z.ai/manage-apikey/billing",
    dialect=_GLM_DIALECT,
    origins=(
        Origin("z.ai", "https://api.z.ai/api/paas/v4"),
        Origin("open.bigmodel.cn", "https://open.bigmodel.cn/api/paas/v4"),
        Origin(
            "the GLM Coding Plan",
            "https://api.z.ai/api/coding/paas/v4",
            warning="is the Coding Plan's address, whose terms name the tools it may be used with, this "
            "server not among them, and which blocks accounts (1313): use https://api.z.ai/api/paas/v4 "
            "unless your plan says otherwise",
        ),
    ),
)
VENDORS = (KIMI, GLM)
