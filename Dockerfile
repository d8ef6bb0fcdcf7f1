# Two images from one file:
#   docker build --target serve -t recsys .          the service: no mlflow, implicit, lightfm, polars or pandas
#   docker build --target train -t recsys-train .    ingest, train, publish, sync, export
# Run the service on a workspace folder that user 10001 may write (the store is SQLite there unless RECSYS_STORE_URL is set):
#   docker run --read-only --tmpfs /tmp -v $PWD/demo:/workspace -p 8000:8000 recsys
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false \
    PATH=/opt/recsys/bin:$PATH
RUN groupadd --gid 10001 recsys \
 && useradd --uid 10001 --gid recsys --no-create-home --home-dir /tmp recsys \
 && install --directory --owner recsys --group recsys /workspace
WORKDIR /workspace

FROM base AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/recsys
COPY . .

FROM build AS build-serve
RUN pip install --constraint requirements.lock '.[postgres]' \
 && python -m compileall -q /opt/recsys

FROM build AS build-train
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
# Portable code: LightFM would otherwise be compiled for the build machine's processor alone.
RUN LIGHTFM_NO_CFLAGS=1 pip install --constraint requirements.lock '.[train,parquet,postgres]' \
 && python -m compileall -q /opt/recsys

FROM base AS train
# implicit and LightFM are compiled against OpenMP's run time.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build-train /opt/recsys /opt/recsys
USER recsys
ENTRYPOINT ["recsys"]
CMD ["--help"]

FROM base AS serve
COPY --from=build-serve /opt/recsys /opt/recsys
USER recsys
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["recsys", "serve", "--workspace", "/workspace", "--host", "0.0.0.0", "--port", "8000"]
