"""What `ImageStore` promises, over small trees: no root, no Docker, no Debian."""

import io
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from assize_sandbox.errors import ImageMissing, SandboxError
from assize_sandbox.images.digest import file_digest
from assize_sandbox.images.guest import GUEST, Placed
from assize_sandbox.images.sources import OWN_PYTHON
from assize_sandbox.images.store import ImageStore

PYTHON = f"python{OWN_PYTHON}"


def silent(step: str) -> None:
    """Tell nobody."""


@dataclass
class SmallSource:
    """A base of three files, as a tar."""

    name: str = "small"
    python: str = PYTHON
    exports: int = 0
    during: Callable[[], None] = field(default=lambda: None)

    def key(self) -> str:
        """Always the same source."""
        return f"small {self.python}"

    def export(self, archive: Path, progress: Callable[[str], None]) -> None:
        """Write the tar."""
        self.exports += 1
        progress("exporting")
        self.during()
        with tarfile.open(archive, "w") as tar:
            add_file(tar, f"usr/bin/{self.python}", b"#!", mode=0o4755)
            add_link(tar, "usr/bin/python3", self.python)
            add_file(tar, "etc/hostname", b"the-builder")


def add_file(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Add a plain file."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    """Add a symbolic link."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    tar.addfile(member)


@dataclass
class Installation:
    """A home, a guest program that can change, and a store over both."""

    home: Path
    program: Path
    source: SmallSource = field(default_factory=SmallSource)

    @property
    def store(self) -> ImageStore:
        """A store as a process of its own would make it."""
        return ImageStore(
            self.home,
            choose=lambda _: self.source,
            contents=self.contents,
            try_out=lambda _: f"{OWN_PYTHON}.0",
        )

    def contents(self) -> tuple[Placed, ...]:
        """Return the guest program as it is now."""
        target = PurePosixPath(GUEST / "candidate.py")
        return (Placed(target, self.program, file_digest(self.program)),)

    def leftovers(self) -> list[Path]:
        """Return what a build left behind."""
        return list((self.home / "images").glob("building-*"))


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return an installation without an image."""
    program = tmp_path / "candidate.py"
    program.write_text("print('hello')\n")
    return Installation(tmp_path / "home", program)


def test_no_image_is_missing_with_remedy(installation: Installation) -> None:
    """Whoever has no image is told the command that makes one."""
    with pytest.raises(ImageMissing, match="no sandbox image") as caught:
        installation.store.current()
    assert caught.value.remedy == "assize image build"


def test_built_image_is_the_current_one(installation: Installation) -> None:
    """What `build` returns is what `current` finds, base and guest together."""
    built = installation.store.build(silent)
    assert installation.store.current() == built
    assert (built.rootfs / "opt/assize/guest/candidate.py").read_text() == "print('hello')\n"
    assert (built.rootfs / "usr/bin/python3").is_symlink()
    assert (built.rootfs / "workspace").is_dir()
    assert (built.python, built.source) == (f"{OWN_PYTHON}.0", "small")
    assert installation.leftovers() == []


def test_image_tells_nothing_of_its_builder(installation: Installation) -> None:
    """The host's name does not get into an image."""
    built = installation.store.build(silent)
    assert (built.rootfs / "etc/hostname").read_text() == "sandbox\n"


def test_image_holds_no_set_uid_program(installation: Installation) -> None:
    """No file of an image is set-uid, set-gid or writable for others, but for /tmp itself."""
    built = installation.store.build(silent)
    assert [
        path.relative_to(built.rootfs).as_posix()
        for path in built.rootfs.rglob("*")
        if not path.is_symlink() and path.lstat().st_mode & 0o7022
    ] == ["tmp"]


def test_built_twice_is_the_same_image(installation: Installation) -> None:
    """The digest depends on what is in the image alone; the base is made once."""
    first, second = installation.store.build(silent), installation.store.build(silent)
    assert first.digest == second.digest
    assert installation.store.list() == (second,)
    assert installation.source.exports == 1


def test_other_rules_of_unpacking_make_base_and_image_stale(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base from before the rules changed lacks what they make; it is never used again."""
    installation.store.build(silent)
    monkeypatch.setattr("assize_sandbox.images.base.RULES", "others")
    monkeypatch.setattr("assize_sandbox.images.guest.RULES", "others")
    with pytest.raises(ImageMissing, match="another version"):
        installation.store.current()
    installation.store.build(silent)
    assert installation.source.exports == 2


def test_refresh_makes_the_base_anew(installation: Installation) -> None:
    """`refresh` asks the source again, and the same files are the same image."""
    first = installation.store.build(silent)
    assert installation.store.build(silent, refresh=True).digest == first.digest
    assert installation.source.exports == 2


def test_changed_guest_makes_the_image_missing(installation: Installation) -> None:
    """An image that was built for another version of the guest is never run."""
    installation.store.build(silent)
    installation.program.write_text("print('another version')\n")
    with pytest.raises(ImageMissing, match="another version of Assize") as caught:
        installation.store.current()
    assert caught.value.remedy == "assize image build"


def test_rebuild_after_a_change_keeps_the_old_image(installation: Installation) -> None:
    """A new image does not take the files away from a service that still runs on the old one."""
    old = installation.store.build(silent)
    installation.program.write_text("print('another version')\n")
    new = installation.store.build(silent)
    assert installation.store.current() == new != old
    assert {image.digest for image in installation.store.list()} == {old.digest, new.digest}
    assert (old.rootfs / "opt/assize/guest/candidate.py").read_text() == "print('hello')\n"


def test_failed_build_leaves_the_current_image(installation: Installation) -> None:
    """A build that fails half-way changes nothing and leaves nothing."""
    built = installation.store.build(silent)

    def fail() -> None:
        raise SandboxError("the mirror is away")

    installation.source.during = fail
    with pytest.raises(SandboxError, match="mirror"):
        installation.store.build(silent, refresh=True)
    assert installation.store.current() == built
    assert installation.leftovers() == []


def test_leftovers_of_a_dead_builder_are_removed(installation: Installation) -> None:
    """What a killed build left is gone after the next one."""
    left = installation.home / "images" / "building-dead" / "image"
    left.mkdir(parents=True)
    installation.store.build(silent)
    assert installation.leftovers() == []


@pytest.mark.parametrize("damage", ["", "{", "[]"])
def test_damaged_facts_are_a_missing_image(installation: Installation, damage: str) -> None:
    """An image that nothing is known of is not run."""
    built = installation.store.build(silent)
    (built.rootfs.parent / "image.json").write_text(damage)
    with pytest.raises(ImageMissing):
        installation.store.current()
    assert installation.store.list() == ()


def test_image_without_its_root_is_missing(installation: Installation) -> None:
    """An image whose files were removed is not run."""
    built = installation.store.build(silent)
    built.rootfs.rename(installation.home / "elsewhere")
    with pytest.raises(ImageMissing):
        installation.store.current()
    again = installation.store.build(silent)
    assert installation.store.current() == again
    assert again.rootfs.is_dir()


def test_other_python_in_the_base_is_refused(installation: Installation) -> None:
    """Analysers that are compiled for another Python are found out at once."""
    installation.source.python = "python2.7"
    with pytest.raises(SandboxError, match=f"is 2.7.*compiled for {OWN_PYTHON}") as caught:
        installation.store.build(silent)
    assert "docker:python:" in caught.value.remedy


def test_second_builder_waits_for_the_first(installation: Installation) -> None:
    """Two builders at once never work at the same time; the second finds the first one's base."""
    inside, waiting = threading.Event(), threading.Event()

    def wait_for_the_other() -> None:
        inside.set()
        assert waiting.wait(timeout=60)

    def told(step: str) -> None:
        if step.startswith("waiting"):
            waiting.set()

    installation.source.during = wait_for_the_other
    first = threading.Thread(target=installation.store.build, args=(silent,))
    first.start()
    assert inside.wait(timeout=60)
    second = installation.store.build(told)
    first.join()
    assert waiting.is_set()
    assert installation.source.exports == 1
    assert installation.store.current() == second
