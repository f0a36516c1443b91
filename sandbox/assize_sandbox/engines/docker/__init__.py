"""The Docker engine: containers through the Docker Engine API of the local daemon."""

from assize_sandbox.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
