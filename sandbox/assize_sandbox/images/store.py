"""The images of an installation, below HOME/images.

<digest>/rootfs      the root file system, read-only from the day it has its name
<digest>/image.json  what is known of it
current              the digest of the image that is used
base/<digest>/       bases (see base.py)
lock                 held by whoever builds
building-*           an image in the making; left only by a builder that died

An image is built aside and renamed, and `current` is replaced after that: whoever reads sees the
old image or the new one, complete.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from assize_sandbox.errors import ImageMissing
from assize_sandbox.images.base import ROOTFS, Base, BaseCache, keep
from assize_sandbox.images.digest import combined, tree_digest
from assize_sandbox.images.guest import FOLDER, LAYOUT, Placed, install, installed, recipe
from assize_sandbox.images.sources import AUTO, BaseSource, Progress, choose
from assize_sandbox.images.trial import python_version

REMEDY: Final = "assize image build"
FACTS: Final = "image.json"
BUILDING: Final = "building-"


@dataclass(frozen=True, slots=True)
class Image:
    """A sandbox image on this host."""

    digest: str
    """SHA-256 of its base and of what we added, hex."""
    rootfs: Path
    """Its root file system; to be read only."""
    python: str
    """Version of the Python in it, such as `3.11.2`."""
    source: str
    """What its base was made from, such as `mmdebstrap bookworm`."""
    created: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    image: Image
    recipe: str
    """Which guest and analysers it was built for."""


class ImageStore:
    """Builds images and finds them again."""

    def __init__(
        self,
        home: Path,
        *,
        choose: Callable[[str], BaseSource] = choose,
        contents: Callable[[], tuple[Placed, ...]] = installed,
        try_out: Callable[[Path], str] = python_version,
    ) -> None:
        """Keep images below `home`. The rest are the seams to the host, for tests."""
        self._folder = home / "images"
        self._bases = BaseCache(self._folder / "base")
        self._choose = choose
        self._contents = contents
        self._try_out = try_out

    def current(self) -> Image:
        """Return the image that is to be used.

        Raises:
            ImageMissing: There is none, or it was built for another version of Assize.
            SandboxError: This installation is incomplete.
        """
        try:
            digest = (self._folder / "current").read_text().strip()
        except OSError as error:
            raise ImageMissing(
                f"there is no sandbox image below {self._folder}", remedy=REMEDY
            ) from error
        kept = self._read(digest)
        if kept is None:
            raise ImageMissing(
                f"the sandbox image {digest[:12]!r} is damaged or gone", remedy=REMEDY
            )
        if kept.recipe != recipe(self._contents()):
            raise ImageMissing(
                f"the sandbox image {digest[:12]} was built for another version of Assize",
                remedy=REMEDY,
            )
        return kept.image

    def list(self) -> tuple[Image, ...]:
        """Return every image, the newest first."""
        kept = (self._read(facts.parent.name) for facts in self._folder.glob(f"*/{FACTS}"))
        images = (found.image for found in kept if found)
        return tuple(sorted(images, key=lambda image: image.created, reverse=True))

    def build(self, progress: Progress, source: str = AUTO, *, refresh: bool = False) -> Image:
        """Build the image for this version of Assize and make it the current one.

        `source` is `auto`, `docker:NAME` or `mmdebstrap`. A base that was made from the same source
        before is used again, unless `refresh`. Waits while somebody else builds.

        Raises:
            SandboxError: It cannot be built here; the message and `remedy` say why.
        """
        chosen, files = self._choose(source), self._contents()
        with self._lock(progress), self._workshop() as workshop:
            base = None if refresh else self._bases.find(chosen)
            if base is None:
                base = self._bases.make(chosen, workshop, progress)
            image = self._assemble(base, files, workshop, progress)
            self._point_to(image)
        progress(f"the image {image.digest[:12]} is the current one")
        return image

    def _assemble(
        self, base: Base, files: tuple[Placed, ...], workshop: Path, progress: Progress
    ) -> Image:
        made = workshop / "image"
        rootfs = made / ROOTFS
        progress("adding the guest and the analysers")
        # Hard links: a second image costs only what differs.
        shutil.copytree(base.rootfs, rootfs, symlinks=True, copy_function=os.link)
        install(files, rootfs)
        progress("trying the analysers")
        facts = {
            "python": self._try_out(rootfs),
            "source": base.source,
            "created": datetime.now(UTC).isoformat(),
            "recipe": recipe(files),
        }
        (made / FACTS).write_text(json.dumps(facts, indent=2))
        added = tree_digest(rootfs / FOLDER)
        digest = combined({"base": base.digest, "added": added, "layout": LAYOUT})
        keep(made, self._folder / digest, FACTS)
        return self._image(digest, facts)

    def _point_to(self, image: Image) -> None:
        pointer = self._folder / f"{BUILDING}current"
        pointer.write_text(f"{image.digest}\n")
        pointer.replace(self._folder / "current")

    def _read(self, digest: str) -> _Kept | None:
        """Return an image with its recipe; None if it is not there whole."""
        folder = self._folder / digest
        try:
            facts = json.loads((folder / FACTS).read_text())
            kept = _Kept(self._image(digest, facts), facts["recipe"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return kept if kept.image.rootfs.is_dir() else None

    def _image(self, digest: str, facts: dict[str, str]) -> Image:
        return Image(
            digest=digest,
            rootfs=self._folder / digest / ROOTFS,
            python=facts["python"],
            source=facts["source"],
            created=datetime.fromisoformat(facts["created"]),
        )

    @contextmanager
    def _lock(self, progress: Progress) -> Iterator[None]:
        """Be the only builder. The kernel lets go of the lock when its holder dies."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress("waiting for another build to end")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        """Give a folder on the same file system, gone afterwards. The caller holds the lock."""
        for left in self._folder.glob(f"{BUILDING}*"):
            # The lock is ours, so whoever made it is dead.
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        with tempfile.TemporaryDirectory(prefix=BUILDING, dir=self._folder) as folder:
            yield Path(folder)
