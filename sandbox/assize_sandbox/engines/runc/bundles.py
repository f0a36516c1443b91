"""The bundles on disk: one folder for each container, with its config and its owner."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assize_sandbox.engines.owner import Owner


@dataclass(frozen=True, slots=True)
class Bundles:
    """The folder of bundles. Several servers may share it."""

    folder: Path

    def open(self) -> None:
        """Make the folder if it is not there."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, container: str) -> Path:
        """Return where a container's bundle is, or would be."""
        return self.folder / container

    def write(self, container: str, owner: Owner, configuration: Mapping[str, object]) -> Path:
        """Make a bundle and return its path.

        The owner comes first: from then on the bundle can be found when we are gone.
        """
        bundle = self.path(container)
        bundle.mkdir(mode=0o700)
        (bundle / "owner").write_text(owner.label)
        (bundle / "config.json").write_text(json.dumps(configuration, separators=(",", ":")))
        return bundle

    def remove(self, container: str) -> None:
        """Remove a bundle. One that is not there is no error."""
        shutil.rmtree(self.path(container), ignore_errors=True)

    def orphans(self) -> tuple[str, ...]:
        """Return the containers whose owners are dead."""
        return tuple(self._orphans())

    def _orphans(self) -> Iterator[str]:
        for file in self.folder.glob("*/owner"):
            try:
                owner = Owner.parse(file.read_text())
            except FileNotFoundError:
                continue  # Removed by another server meanwhile.
            if owner is not None and not owner.alive:
                yield file.parent.name
