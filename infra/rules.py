"""What must be true of several settings together; each rule is a sentence when it is broken."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from app import contract
from app.settings.rules import SECRET_MINIMUM
from app.settings.variables import VARIABLES
from infra import certificate
from infra.haproxy import NOTICE_SECONDS
from infra.sources import PLACEHOLDER, SECRETS, Source

if TYPE_CHECKING:
    from infra.settings import Settings

BY_ENGINE = {"hot_reload": ("hotReload", "containers"), "monitor": ("monitor", "swarm")}
"""Fields that only one engine has, by name: the key and that engine."""
OF_OBSERVABILITY = {"grafana_port": "grafanaPort", "prometheus": "prometheus", "grafana": "grafana"}
"""Fields that only a stack with Prometheus and Grafana has, by name: the key."""
GUESSABLE = ("authToken", "stateKey", "stateKeyPrevious", "postgresPassword", "redisPassword", "metricsToken")
STORES = {"postgres": ("databaseUrl", "postgresPassword"), "redis": ("redisUrl", "redisPassword")}
"""Each store's URL, needed where it is run elsewhere, and its password, needed where it is run here."""
SUPABASE = "supabaseServiceRoleKey"
"""Stands for the URL of a database that is Supabase's; its address is a variable."""
OWN = {
    "ENVIRONMENT": "`environment`",
    "LOG_LEVEL": "`logLevel`",
    "PUBLIC_URL": "`publicUrl`",
    "STORE": "`external`",
    **dict.fromkeys(
        ("WS_HOST", "WS_PORT", "DATA_DIR", "LOG_DIR", "CONFIG_DIR", "TRUSTED_PROXIES"), "the stack itself"
    ),
}
"""Variables that are set already, and by what."""
KEYS = {name: key for key, name in SECRETS.items()}
HOW = {
    "tlsCertificate": "`pulumi config set --secret {full} < fullchain.pem` sets it",
    "tlsKey": "`pulumi config set --secret {full} < privkey.pem` sets it",
    "databaseUrl": "`pulumi config set --secret {full}` asks for it",
    "redisUrl": "`pulumi config set --secret {full}` asks for it",
}
MADE = "`openssl rand -hex 32 | pulumi config set --secret {full}` makes and sets one"


def broken(settings: "Settings", source: Source, namespace: str) -> list[str]:
    """Return the sentences about settings that contradict one another or the house policy."""
    found = (
        *_environment(settings),
        *_observability(settings, source),
        *_image(settings),
        *_variables(settings),
        *_secrets(settings, source),
    )
    return [sentence.replace("{ns}", f"{namespace}:") for sentence in found]


def lacking(settings: "Settings", source: Source, namespace: str) -> Iterator[str]:
    """Yield the sentences about secrets that an update of production cannot do without."""
    if not settings.is_production:
        return
    needed = ["authToken", "stateKey", "tlsCertificate", "tlsKey"]
    needed += [STORES[store][0 if store in settings.external else 1] for store in STORES]
    if "postgres" in settings.external and SECRETS[SUPABASE] in source.secrets:
        needed.remove("databaseUrl")
    for key in needed:
        if SECRETS[key] not in source.secrets:
            full = f"{namespace}:{key}"
            how = HOW.get(key, MADE).format(full=full)
            yield f"`{full}` is not set, and production does not start without it: {how}."


def _environment(settings: "Settings") -> Iterator[str]:
    if settings.is_production and settings.hot_reload:
        yield (
            "`{ns}hotReload` is true in production, where only what was built and tested may run: "
            "set it to false."
        )
    if not settings.is_production and settings.engine == "swarm":
        yield (
            "`{ns}engine` is swarm in development, which has no edge to reach a service by: set it to "
            "containers, or `{ns}environment` to production."
        )
    if not settings.is_production and settings.replicas > 1:
        yield (
            f"`{{ns}}replicas` is {settings.replicas} in development, whose one server holds the published "
            "port itself: remove it, or set `{ns}environment` to production."
        )
    if settings.is_production and settings.engine == "swarm" and settings.replicas < 2:
        yield ("`{ns}replicas` is 1, with which Swarm could not update without a gap: set it to 2 or more.")
    for field, (key, engine) in BY_ENGINE.items():
        if field in settings.model_fields_set and settings.engine != engine:
            yield (
                f"`{{ns}}{key}` belongs to engine {engine}, and this stack's is {settings.engine}: remove "
                "one of the two."
            )


def _observability(settings: "Settings", source: Source) -> Iterator[str]:
    if settings.observability and settings.grafana_port == settings.published_port:
        yield (
            f"`{{ns}}grafanaPort` is {settings.grafana_port}, which is `{{ns}}publishedPort` too: set one of "
            "them to another port."
        )
    if not settings.observability:
        given = [key for field, key in OF_OBSERVABILITY.items() if field in settings.model_fields_set]
        if contract.METRICS_TOKEN in source.secrets and settings.is_production:
            given.append(KEYS[contract.METRICS_TOKEN])
        for key in given:
            yield (
                f"`{{ns}}{key}` belongs to `{{ns}}observability`, which is false: remove it, or set that to "
                "true."
            )


def _image(settings: "Settings") -> Iterator[str]:
    if settings.image and settings.registry:
        yield (
            "`{ns}image` names an image that is there already, and `{ns}registry` means one that is built "
            "and pushed: remove one of the two."
        )
    for key, text in (("image", settings.image), ("registry", settings.registry)):
        if text and not settings.is_production:
            yield f"`{{ns}}{key}` is for production; development builds its image here: remove it."


def _variables(settings: "Settings") -> Iterator[str]:
    known = {variable.name: variable for variable in VARIABLES}
    for name, text in settings.variables.items():
        variable = known.get(name)
        if name in contract.PROXY_VARIABLES:
            if "@" in text:
                yield (
                    f"`{{ns}}variables.{name}` holds a password, which everybody could read who may look at "
                    "the container: use a proxy that asks for none."
                )
        elif variable is None:
            yield f"`{{ns}}variables.{name}` is no variable of the server: docs/variables.md lists them."
        elif variable.secret:
            yield f"`{{ns}}variables.{name}` is a secret, which has no place there: remove it."
        elif name in OWN:
            yield f"`{{ns}}variables.{name}` is set by {OWN[name]}: remove it."
        elif fault := variable.fault(text):
            yield f"`{{ns}}variables.{name}`: {fault}"
        elif name == "LAME_DUCK" and settings.is_production and variable.parse(text) <= NOTICE_SECONDS:
            yield (
                f"`{{ns}}variables.LAME_DUCK` is {text}, and the edge takes {NOTICE_SECONDS:g} s to notice "
                "that a server is leaving: set it above that."
            )


def _secrets(settings: "Settings", source: Source) -> Iterator[str]:
    texts = {KEYS[name]: secret.reveal() for name, secret in source.secrets.items()}
    if not settings.is_production:
        for key in texts:
            yield f"`{{ns}}{key}` is for production; development makes its own secrets: remove it."
        return
    for key in GUESSABLE:
        if key in texts and texts[key] != PLACEHOLDER and len(texts[key]) < SECRET_MINIMUM:
            yield f"`{{ns}}{key}` is shorter than {SECRET_MINIMUM} characters and can be guessed: replace it."
    yield from _unusable(texts)
    for store, (url, password) in STORES.items():
        useless = password if store in settings.external else url
        if useless in texts:
            where = "elsewhere" if store in settings.external else "by this stack"
            yield (
                f"`{{ns}}{useless}` is set, and {store} is run {where}: remove it, or change "
                "`{ns}external`."
            )
    yield from _certificate(settings, texts)


def _unusable(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield what the server itself would say of its secrets when it starts."""
    for variable in VARIABLES:
        text = texts.get(key := KEYS.get(variable.field, ""), PLACEHOLDER)
        if text != PLACEHOLDER and (fault := variable.fault(text)):
            yield f"`{{ns}}{key}`: {fault}"


def _certificate(settings: "Settings", texts: Mapping[str, str]) -> Iterator[str]:
    chain, key = texts.get("tlsCertificate", PLACEHOLDER), texts.get("tlsKey", PLACEHOLDER)
    if PLACEHOLDER not in (chain, key) and (fault := certificate.fault(chain, key, settings.url)):
        yield fault
