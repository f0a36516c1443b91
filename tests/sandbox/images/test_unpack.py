"""What gets out of an archive, and that nothing gets past the image's root."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from assize_sandbox.errors import SandboxError
from assize_sandbox.images.unpack import admitted, unpack


def add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a plain file."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    """Add a symbolic link."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    tar.addfile(member)


def unpacked(folder: Path, fill: Callable[[tarfile.TarFile], None]) -> Path:
    """Return the root that an archive becomes."""
    archive, root = folder / "base.tar", folder / "root"
    with tarfile.open(archive, "w") as tar:
        fill(tar)
    root.mkdir()
    unpack(archive, root)
    return root


@pytest.mark.parametrize(
    "name",
    [
        "./etc/apt/sources.list",
        "dev/null",
        "usr/lib/python3.11/sitecustomize.py",
        "usr/lib/python3.11/__pycache__/sitecustomize.cpython-311.pyc",
        "var/log/apt/history.log",
        "./",
    ],
)
def test_what_a_sandbox_does_not_need_is_left_out(name: str) -> None:
    """Mirrors, devices, start-up code and logs stay outside."""
    assert admitted(tarfile.TarInfo(name)) is None


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_special_files_are_left_out(kind: bytes) -> None:
    """Devices and pipes do not get in under another name."""
    member = tarfile.TarInfo("usr/innocent")
    member.type = kind
    assert admitted(member) is None


def test_neighbours_of_what_is_left_out_are_kept() -> None:
    """A rule for a folder does not reach names that merely begin alike."""
    assert admitted(tarfile.TarInfo("etc/aptitude")) is not None
    assert admitted(tarfile.TarInfo("usr/lib/python3.11/site.py")) is not None


def test_link_to_the_outside_is_never_written_through(tmp_path: Path) -> None:
    """A file below a link that leaves the root is refused, and not written."""

    def fill(tar: tarfile.TarFile) -> None:
        add_link(tar, "usr", str(tmp_path))
        add_file(tar, "usr/stolen", b"")

    with pytest.raises(SandboxError, match="outside"):
        unpacked(tmp_path, fill)
    assert not (tmp_path / "stolen").exists()


def test_file_over_a_link_is_refused(tmp_path: Path) -> None:
    """A file in the place of a link does not change what the link points to."""
    victim = tmp_path / "victim"
    victim.write_text("mine")

    def fill(tar: tarfile.TarFile) -> None:
        add_link(tar, "usr", str(victim))
        add_file(tar, "usr", b"theirs")

    with pytest.raises(SandboxError, match="outside"):
        unpacked(tmp_path, fill)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("folder", ["etc", "workspace", "var"])
def test_our_own_folders_are_not_made_through_a_link(tmp_path: Path, folder: str) -> None:
    """A link in the place of a folder of ours does not lead us outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    linked = "opt" if folder == "workspace" else folder
    with pytest.raises(SandboxError, match="outside"):
        unpacked(tmp_path, lambda tar: add_link(tar, linked, str(outside)))
    assert list(outside.iterdir()) == []


def test_parent_folders_in_names_are_refused(tmp_path: Path) -> None:
    """`..` in a name does not lead outside."""
    with pytest.raises(SandboxError, match="outside"):
        unpacked(tmp_path, lambda tar: add_file(tar, "usr/../../stolen", b""))


def test_absolute_links_of_a_root_are_kept(tmp_path: Path) -> None:
    """A root file system links with absolute paths, and they mean its own root."""
    root = unpacked(tmp_path, lambda tar: add_link(tar, "usr/awk", "/etc/alternatives/awk"))
    assert str((root / "usr/awk").readlink()) == "/etc/alternatives/awk"


def test_damaged_archive_is_an_error_of_ours(tmp_path: Path) -> None:
    """An archive that ends early is no traceback."""
    archive = tmp_path / "base.tar"
    archive.write_bytes(b"not a tar" * 200)
    (tmp_path / "root").mkdir()
    with pytest.raises(SandboxError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "root")
