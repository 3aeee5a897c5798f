"""The whole stack, in the order the data flows: image and network, then stores, then the server."""

from pathlib import Path

import pulumi

from infra.cache import Cache, CacheArgs
from infra.containers import Containers
from infra.credentials import SecretFiles
from infra.database import Database, DatabaseArgs
from infra.elsewhere import ignore_what_differs_by_machine
from infra.exports import publish
from infra.guard import Guard
from infra.image import OfficialImage, OfficialImageArgs, ServerImage, ServerImageArgs
from infra.images import reference
from infra.interrupts import end_quietly
from infra.network import Network, NetworkArgs
from infra.preflight import survey
from infra.server import Server, ServerArgs
from infra.settings import Settings
from infra.site import Site

end_quietly()
settings = Settings.load(pulumi.Config())
ignore_what_differs_by_machine()
guard = Guard(development=settings.environment == "development")
root = Path(__file__).resolve().parents[1]
site = Site(root, pulumi.get_stack(), settings.prefix or pulumi.get_stack())
ground = survey(site, settings.published_port)
credentials = SecretFiles.of(site, production=settings.environment == "production")
engine = Containers(site, credentials, settings, swap=ground.accounts_swap)

image = ServerImage(
    "image", ServerImageArgs(site=site, base=reference("python", settings, root), target=settings.target)
)
redis = OfficialImage("redis", OfficialImageArgs(site=site, reference=reference("redis", settings, root)))
postgres = OfficialImage(
    "postgres", OfficialImageArgs(site=site, reference=reference("postgres", settings, root))
)
network = Network("network", NetworkArgs(site=site))

cache = Cache(
    "cache",
    CacheArgs(
        engine=engine,
        site=site,
        image=redis.id,
        network=network,
        limits=settings.redis,
        protect=settings.protect,
    ),
)
database = Database(
    "database",
    DatabaseArgs(
        engine=engine,
        site=site,
        image=postgres.id,
        network=network,
        limits=settings.postgres,
        protect=settings.protect,
    ),
)
server = Server(
    "server",
    ServerArgs(
        engine=engine,
        site=site,
        image=image.id,
        network=network,
        cache=cache,
        database=database,
        credentials=credentials,
        settings=settings,
    ),
)

publish(site, image, server)
guard.judge()
