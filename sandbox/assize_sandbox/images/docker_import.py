"""Give an image to a Docker daemon, under a name that says which it is."""

import subprocess
from typing import Final

import docker
from docker.errors import ImageNotFound

from assize_sandbox.errors import SandboxError
from assize_sandbox.images.sources import InspectsImages
from assize_sandbox.images.store import Image

REPOSITORY: Final = "assize-sandbox"
DIGEST_LABEL: Final = "assize.digest"
DIGEST_CHARACTERS: Final = 12


def ensure_loaded(client: docker.APIClient, image: Image) -> str:
    """Return the name by which the daemon knows the image, having imported it if it did not.

    Blocks for some seconds the first time.

    Raises:
        SandboxError: The image could not be packed.
        docker.errors.APIError: The daemon refused it.
    """
    tag = image.digest[:DIGEST_CHARACTERS]
    name = f"{REPOSITORY}:{tag}"
    if not is_loaded(client, name, image.digest):
        _import(client, image, tag)
    return name


def is_loaded(client: InspectsImages, name: str, digest: str) -> bool:
    """Tell whether the daemon has the image; one that only bears its name does not count."""
    try:
        configuration = client.inspect_image(name).get("Config") or {}
    except ImageNotFound:
        return False
    labels = configuration.get("Labels") or {}
    return bool(labels.get(DIGEST_LABEL) == digest)


def _import(client: docker.APIClient, image: Image, tag: str) -> None:
    # Numeric and sorted: the same image gives the same layer everywhere.
    pack = ["tar", "--create", "--numeric-owner", "--sort=name", "-C", str(image.rootfs), "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        client.import_image_from_data(
            packing.stdout,
            repository=REPOSITORY,
            tag=tag,
            changes=[f"LABEL {DIGEST_LABEL}={image.digest}"],
        )
    if packing.returncode:
        client.remove_image(f"{REPOSITORY}:{tag}", force=True)
        raise SandboxError(f"tar could not pack {image.rootfs} (status {packing.returncode})")
