# pathfinder sees of a machine what its container is given of it: docs/install.md says how to hand it GPUs, recordings and models.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist .

FROM python:3.13-slim-trixie
RUN --mount=type=bind,from=build,source=/dist,target=/dist \
    pip install --no-cache-dir /dist/llm_pathfinder-*.whl \
    && useradd --create-home --uid 1000 pathfinder
USER 1000
WORKDIR /home/pathfinder
ENTRYPOINT ["pathfinder"]
