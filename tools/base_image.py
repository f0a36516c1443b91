"""Makes the Docker image that the Dockerfile can start from where no registry is reachable.

Debian with Python and its venv module, by mmdebstrap from the mirrors of the host's own apt, given
to the daemon as it is. A label says what decided its content, so that it is made once.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from docker import APIClient
from docker.errors import ImageNotFound

from assize_sandbox.errors import SandboxError
from assize_sandbox.images.sources import SUITE, InspectsImages, MmdebstrapSource, daemon

REPOSITORY: Final = "assize-base"
NAME: Final = f"{REPOSITORY}:{SUITE}"
KEY_LABEL: Final = "assize.base"
FORGET_THE_HOST: Final = (
    'rm -rf "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/apt/sources.list* '
    '"$1"/etc/hostname "$1"/etc/resolv.conf'
)
"""SECURITY: mmdebstrap leaves the host's proxies and mirrors in there, with their passwords."""
OPTIONS: Final = ("--include=python3-venv", f"--customize-hook={FORGET_THE_HOST}")
EXIT_CANNOT_BUILD: Final = 4


def main() -> int:
    """Make the image unless the daemon has it; return an exit status."""
    parser = argparse.ArgumentParser(description=f"make the Docker image {NAME}")
    parser.add_argument("--refresh", action="store_true", help="make it anew if it is there")
    refresh: bool = parser.parse_args().refresh
    source = MmdebstrapSource(extra_options=OPTIONS)
    try:
        with daemon() as client:
            if refresh or not is_made(client, source.key()):
                make(client, source)
    except SandboxError as error:
        tell(f"{error}\nto mend it: {error.remedy}")
        return EXIT_CANNOT_BUILD
    return 0


def is_made(client: InspectsImages, key: str) -> bool:
    """Tell whether the daemon has the image, made from this very source."""
    try:
        configuration = client.inspect_image(NAME).get("Config") or {}
    except ImageNotFound:
        return False
    labels = configuration.get("Labels") or {}
    return bool(labels.get(KEY_LABEL) == key)


def make(client: APIClient, source: MmdebstrapSource) -> None:
    """Install Debian into an archive and give that to the daemon.

    Raises:
        SandboxError: Debian could not be installed.
    """
    tell(f"making {NAME} (half a minute)")
    with tempfile.TemporaryDirectory(prefix="assize-base-") as folder:
        archive = Path(folder) / "base.tar"
        source.export(archive, tell)
        changes = [f"LABEL {KEY_LABEL}={source.key()}"]
        with archive.open("rb") as data:
            client.import_image_from_data(data, repository=REPOSITORY, tag=SUITE, changes=changes)


def tell(step: str) -> None:
    """Say something on standard error."""
    sys.stderr.write(f"base-image: {step}\n")


if __name__ == "__main__":
    sys.exit(main())
