# The edge agent alone: no torch, no Celery, no database server. Build from the project's root:
#   docker build -f deploy/edge.Dockerfile -t smearflow-edge .
# Settings and outbox live on a volume, captures are mounted read-only (unless retention moves or deletes them) and must be
# readable by the user 10001. Enrol once, then run:
#   docker run --rm -i -v smearflow-edge:/var/lib/smearflow-edge -v /captures:/captures:ro -v "$PWD/ca.crt":/etc/smearflow/ca.crt:ro \
#     smearflow-edge enrol --config /var/lib/smearflow-edge/edge.toml --credentials - --host broker.hospital.example \
#     --ca-file /etc/smearflow/ca.crt --watch /captures < scope-1.json
#   docker run -d --restart unless-stopped -v smearflow-edge:/var/lib/smearflow-edge -v /captures:/captures:ro \
#     -v "$PWD/ca.crt":/etc/smearflow/ca.crt:ro smearflow-edge

FROM python:3.12-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.9.7 && uv venv /opt/smearflow
WORKDIR /source
COPY pyproject.toml requirements.lock README.md ./
COPY shared shared
COPY edge_agent edge_agent
# The wheel wants the folder, the edge wants nothing in it.
RUN mkdir cloud_service && touch cloud_service/__init__.py \
    && uv pip install --no-cache --python /opt/smearflow --constraint requirements.lock ".[edge]"

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/smearflow-edge --create-home smearflow
COPY --from=build /opt/smearflow /opt/smearflow
ENV PATH=/opt/smearflow/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/smearflow-edge
VOLUME /var/lib/smearflow-edge
ENTRYPOINT ["smearflow-edge"]
CMD ["run", "--config", "/var/lib/smearflow-edge/edge.toml"]
