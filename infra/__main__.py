"""The whole stack, in the order the data flows: image, network, stores, the server, its edge, who watches."""

from pathlib import Path

import pulumi

from infra.acceptance import accepted, prepare
from infra.cache import Cache, CacheArgs
from infra.choice import beside, engine_of
from infra.configured import credentials_of
from infra.database import Database, DatabaseArgs
from infra.edge import Edge, EdgeArgs
from infra.elsewhere import ignore_what_differs_by_machine
from infra.exports import publish
from infra.guard import Guard
from infra.image import ServerImage, ServerImageArgs
from infra.images import reference
from infra.interrupts import end_quietly
from infra.network import Network, NetworkArgs
from infra.observability import Observability, ObservabilityArgs
from infra.pace import keep_pace
from infra.preflight import survey
from infra.server import Server, ServerArgs
from infra.settings import Settings
from infra.site import Site

end_quietly()
keep_pace()
config = pulumi.Config()
settings = Settings.load(config)
ignore_what_differs_by_machine()
guard = Guard(development=not settings.is_production)
root = Path(__file__).resolve().parents[1]
site = Site(root, pulumi.get_stack(), settings.prefix or pulumi.get_stack(), shared=settings.is_production)
prepare()
ground = survey(site, settings)
engine = engine_of(site, settings, ground)
credentials = credentials_of(site, settings, config)

image = ServerImage("image", ServerImageArgs(site, settings, base=reference("python", settings, root)))
network = Network("network", NetworkArgs(site, driver=engine.network_driver))
cache = Cache(
    "cache",
    CacheArgs(
        engine=engine,
        site=site,
        image=reference("redis", settings, root),
        network=network,
        credentials=credentials,
        limits=settings.redis,
        protect=settings.protect,
        external="redis" in settings.external,
    ),
)
database = Database(
    "database",
    DatabaseArgs(
        engine=engine,
        site=site,
        image=reference("postgres", settings, root),
        network=network,
        credentials=credentials,
        limits=settings.postgres,
        protect=settings.protect,
        external="postgres" in settings.external,
    ),
)
server = Server(
    "server",
    ServerArgs(
        engine=engine,
        site=site,
        image=image.image,
        network=network,
        cache=cache,
        database=database,
        credentials=credentials,
        settings=settings,
    ),
)
edge = Edge(
    "edge",
    EdgeArgs(
        engine=engine,
        site=site,
        image=reference("haproxy", settings, root),
        network=network,
        credentials=credentials,
        settings=settings,
    ),
)
parts = [server.running, *edge.parts]
if settings.observability:
    observability = Observability(
        "observability",
        ObservabilityArgs(
            engine=beside(engine, site, settings, ground),
            site=site,
            prometheus=reference("prometheus", settings, root),
            grafana=reference("grafana", settings, root),
            network=network,
            credentials=credentials,
            settings=settings,
        ),
    )
    parts += observability.parts

publish(site, settings, image, accepted(site, settings, engine, credentials, parts))
guard.judge()
