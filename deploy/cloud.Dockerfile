# The cloud's processes: API, ingest, inference worker, beat, migrations. Build from the project's root:
#   docker build -f deploy/cloud.Dockerfile -t smearflow-cloud .
# The worker of the training queue needs PyTorch too; for NVIDIA's cards TORCH_BACKEND names another build, say cu128:
#   docker build -f deploy/cloud.Dockerfile -t smearflow-training --build-arg EXTRAS=cloud,train .

FROM node:22.21-bookworm-slim AS dashboard
WORKDIR /dashboard
COPY cloud_service/dashboard/package.json cloud_service/dashboard/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY cloud_service/dashboard ./
RUN npm run build

FROM python:3.12-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.9.7 && uv venv /opt/smearflow
WORKDIR /source
COPY pyproject.toml requirements.lock README.md ./
COPY shared shared
COPY edge_agent edge_agent
COPY cloud_service cloud_service
COPY --from=dashboard /dashboard/dist cloud_service/dashboard/dist
ARG EXTRAS=cloud
ARG TORCH_BACKEND=cpu
ARG TORCH_VERSION=2.13.0
# PyTorch first and by its backend: unasked, the index offers a CUDA build of several GB.
RUN case ",$EXTRAS," in *,train,*) \
      uv pip install --no-cache --python /opt/smearflow --torch-backend "$TORCH_BACKEND" "torch==$TORCH_VERSION" ;; \
    esac \
    && uv pip install --no-cache --python /opt/smearflow --constraint requirements.lock ".[$EXTRAS]"

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/smearflow --create-home smearflow
COPY --from=build /opt/smearflow /opt/smearflow
ENV PATH=/opt/smearflow/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
# A new named volume takes owner and rights from the folder that it is mounted on.
RUN mkdir /var/lib/smearflow/blobs /var/lib/smearflow/training
WORKDIR /var/lib/smearflow
ENTRYPOINT ["smearflow"]
CMD ["--help"]
