# Skew's daemon. Its folder /srv/skew holds skew.toml, the cache and the files that channels read.
#   docker build -t skew .
#   docker run -v "$PWD:/srv/skew" --user "$(id -u)" skew
FROM python:3.13-slim AS build
# Extras, between commas: postgresql,files,notify. Each is in docs/operations.md.
ARG EXTRAS=""
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY docs/skew.1 docs/
COPY console console
COPY sync sync
COPY store store
COPY sample_data sample_data
RUN python -m venv /opt/skew \
    && /opt/skew/bin/pip install --no-cache-dir --disable-pip-version-check ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.13-slim
# A number, so that a cluster can see that it is not root.
RUN groupadd --gid 10001 skew \
    && useradd --uid 10001 --gid skew --home-dir /srv/skew --create-home skew
COPY --from=build /opt/skew /opt/skew
ENV PATH="/opt/skew/bin:$PATH" PYTHONUNBUFFERED=1 TERM=xterm-256color
USER 10001
WORKDIR /srv/skew
VOLUME /srv/skew
# Where [serve] listen = "0.0.0.0:9464" has it answer.
EXPOSE 9464
# The lease's heartbeat comes from the engine's loop, and needs no [serve]: one that stands still is
# ill within half a minute, as one that never started is.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=2 \
    CMD ["sh", "-c", "skew status --json | python -c \"import json, sys; sys.exit(not json.load(sys.stdin)['engine']['running'])\""]
# It is process 1 itself, so that SIGTERM and SIGHUP reach it. It ends within ten seconds.
ENTRYPOINT ["skew"]
CMD ["daemon"]
