# Two images, from wheels that were prepared on the host: the build itself needs no network.
#
#   make wheels                                    the project and all that it needs, in build/wheels
#   docker build --target service -t assize/service .
#   docker build --target sandbox -t assize/sandbox .
#
# service   runs `assize serve` as a user without rights; the engine is a mounted Docker socket.
# sandbox   what candidates see, as a source: `assize image build --source docker:assize/sandbox`.
#
# Where no registry is reachable: `tools/base-image`, then build with `--network none` and
# `--build-arg BASE_IMAGE=assize-base:bookworm`. docs/deployment.md has every flag of `docker run`.

# Both need the Python that the wheels were prepared with; the service also its venv module.
ARG BASE_IMAGE=python:3.11-slim-bookworm
ARG SANDBOX_BASE_IMAGE=${BASE_IMAGE}

FROM ${BASE_IMAGE} AS build
COPY build/wheels /wheels
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-index --find-links=/wheels --no-cache-dir 'assize[server]' \
    && /opt/venv/bin/pip check
# What goes into a sandbox is copied by the code of the service itself, so that both always fit.
RUN /opt/venv/bin/python -c "from pathlib import Path; \
from assize_sandbox.images.guest import install, installed; \
install(installed(), Path('/sandbox'))"

FROM ${BASE_IMAGE} AS service
# Not `nobody`: that is who candidates are, and one of them must not be able to signal the service.
RUN groupadd --gid 10001 assize \
    && useradd --uid 10001 --gid assize --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin assize \
    && install --directory --mode=0755 /var/lib/assize \
    && install --directory --mode=0700 --owner=assize --group=assize /var/lib/assize-state \
    && install --directory --mode=0755 --owner=assize --group=assize /run/assize
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    ASSIZE_ENGINE=docker \
    ASSIZE_STATE=/var/lib/assize-state
# No VOLUME: without one of the operator's own the service refuses to start where the container is
# read-only, and does not keep its log and keys in an anonymous volume that --rm removes.
USER 10001:10001
ENTRYPOINT ["assize"]
CMD ["serve", "--listen", "unix:///run/assize/rpc.sock"]

FROM ${SANDBOX_BASE_IMAGE} AS sandbox
COPY --from=build /sandbox/opt/assize /opt/assize
USER 65534:65534
# That the analysers fit this base must show now, and not in a verdict.
RUN /opt/assize/tools/bin/ruff --version \
    && python3 -I -S -B -c "import sys; \
sys.path.append('/opt/assize/tools/lib'); import mypy.build, ast_grep_py; \
sys.path.append('/opt/assize/tools/databases'); import apsw"
CMD ["python3"]
