# The server's image. Stages: deps (builds), production (what runs), development (production + reload).
#
#   docker build --target production --secret id=ca,src=/path/of/your/ca-bundle.crt .
#
# The secret `ca` is for networks whose TLS is intercepted; leave it out (or empty) elsewhere.
# Written for the BuildKit inside Engine 20.10: no `# syntax=` line (it would be fetched from a registry).
# The base is an argument, so that images.lock can pin it by digest and closed networks can supply their own.
ARG PYTHON_IMAGE=python:3.13-slim

# One base for every stage: the virtual environment points at its interpreter.
# hadolint ignore=DL3006 # the tag or digest is in PYTHON_IMAGE
FROM ${PYTHON_IMAGE} AS base

# --- deps: the virtual environment, from the lock alone ---------------------------------------------------
FROM base AS deps
ENV UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON=python3 \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
WORKDIR /build
# uv lives in an environment of its own, which stays behind in this stage. Its hashes are in tools/uv.txt.
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    --mount=type=bind,source=tools/uv.txt,target=uv.txt \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --disable-pip-version-check --only-binary :all: --require-hashes -r uv.txt
# EXTRAS=otel adds what traces are sent with; the image is larger by it, so it is nobody's default.
ARG EXTRAS=
# Dependencies before source: this layer changes only when the lock does. uv checks each hash of uv.lock.
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    /opt/uv/bin/uv sync --locked --no-dev ${EXTRAS:+"--extra=${EXTRAS}"} --no-install-project --no-build \
    && rm /opt/venv/.lock

# --- reload-deps: the same environment and watchfiles; only development copies it -------------------------
FROM deps AS reload-deps
ARG EXTRAS=
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    /opt/uv/bin/uv sync --locked --no-dev --group reload ${EXTRAS:+"--extra=${EXTRAS}"} --no-install-project --no-build \
    && rm /opt/venv/.lock

# --- production -------------------------------------------------------------------------------------------
FROM base AS production
# The base's own pip and ensurepip only build; setuid bits only help an intruder. Numeric user, no login.
RUN stdlib="$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && rm -rf "${stdlib}/ensurepip" /usr/share/python-wheels /usr/local/bin/pip* /usr/bin/pip /usr/bin/pip3* \
    && for package in pip setuptools wheel; do \
         rm -rf "${stdlib}/site-packages/${package}"* "/usr/lib/python3/dist-packages/${package}"*; \
       done \
    && find / -xdev -perm /6000 -type f -exec chmod a-s {} + \
    && groupadd --gid 1000 exai \
    && useradd --uid 1000 --gid 1000 --home-dir /app --no-create-home --shell /usr/sbin/nologin exai \
    && install -d -o 1000 -g 1000 -m 0750 /app/data /app/logs \
    && install -d -m 0755 /app/config
COPY --from=deps /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WS_HOST=0.0.0.0 \
    DATA_DIR=/app/data \
    LOG_DIR=/app/logs \
    CONFIG_DIR=/app/config
WORKDIR /app
COPY app /app/app
# Compiled here because the root file system is read-only where it runs. Hashes instead of times: equal source, equal layer.
RUN python -m compileall -q --invalidation-mode unchecked-hash app
USER 1000:1000
EXPOSE 8079
STOPSIGNAL SIGTERM
# The same command and numbers as app/contract.py. Strict until the first success, then only liveness.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-m", "app.healthcheck"]
# scripts/docker-build.sh fills these in; the default version is held equal to pyproject.toml by a test.
ARG VERSION=0.1.0
ARG SOURCE_URL=
LABEL org.opencontainers.image.title="exai-mcp-server" \
      org.opencontainers.image.description="An MCP server on port 8079 that gives any client Kimi and GLM" \
      org.opencontainers.image.source="${SOURCE_URL}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
CMD ["python", "-m", "app"]

# --- development: restarts `python -m app` when a file under /app/app changes -----------------------------
FROM production AS development
COPY --from=reload-deps /opt/venv /opt/venv
# watchfiles passes SIGTERM on as SIGINT, which the server drains on; after two seconds it kills.
CMD ["watchfiles", "--filter", "python", "--target-type", "command", "--sigint-timeout", "2", "python -m app", "/app/app"]
