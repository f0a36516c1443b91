"""Whether a Docker daemon answers, asked without leaving anything open."""

import os
import socket
from typing import Final

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

DEFAULT_URL: Final = "unix:///var/run/docker.sock"
PING_SECONDS: Final = 5
UNIX: Final = "unix://"


def daemon_answers(url: str | None) -> bool:
    """Tell whether a daemon answers at `url`, or where the environment or custom says."""
    asked = url or os.environ.get("DOCKER_HOST") or DEFAULT_URL
    if asked.startswith(UNIX) and not listens(asked.removeprefix(UNIX)):
        return False
    try:
        # It asks for the version at once, and a daemon that is starting listens before it answers.
        client = docker.APIClient(base_url=asked, timeout=PING_SECONDS)
    except DockerException:
        return False
    try:
        return client.ping() is True
    except (DockerException, RequestException, OSError):
        return False
    finally:
        client.close()


def listens(path: str) -> bool:
    """Tell whether something listens on a unix socket; the docker package would leak its own."""
    with socket.socket(socket.AF_UNIX) as tried:
        tried.settimeout(PING_SECONDS)
        try:
            tried.connect(path)
        except OSError:
            return False
    return True
