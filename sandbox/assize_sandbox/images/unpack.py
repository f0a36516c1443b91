"""A tar archive becomes a root file system that holds no more than a sandbox needs.

Rules, for every member:

- It lands inside the root, whatever its name and whatever links came before it.
- It belongs to whoever builds (root), everybody may read it, nobody else may write it, and it is
  neither set-uid nor set-gid.
- Devices and pipes are left out; the OCI runtime makes /dev.
- What tells of the host that built it (names, mirrors, logs) and caches are left out.
- `sitecustomize` and `usercustomize` are left out: they would run before the guest's code.
"""

import copy
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import Final

from assize_sandbox.errors import SandboxError

FOLDERS: Final = ("dev", "etc", "proc", "run", "sys", "tmp", "var/tmp", "workspace", "opt/assize")
"""Made if absent: what engines mount on, and where our own files go."""
LEFT_OUT: Final = (
    "dev",
    "proc",
    "run",
    "sys",
    "tmp",
    "root",
    "workspace",
    "opt/assize",
    "etc/apt",
    "etc/hostname",
    "etc/hosts",
    "etc/machine-id",
    "etc/resolv.conf",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
    "var/tmp",
    ".dockerenv",
)
CUSTOMIZERS: Final = frozenset({"sitecustomize", "usercustomize"})
PLAIN_FILES: Final = {
    "etc/hostname": "sandbox\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/resolv.conf": "",
}
"""The same on every host; also what runtimes mount their own over."""
RULES: Final = "\0".join((*FOLDERS, "", *LEFT_OUT))
"""What a base depends on beside its source."""
EVERYBODY_READS: Final = 0o644
EVERYBODY_ENTERS: Final = 0o755
EVERYBODY_WRITES: Final = 0o1777
OWNER_EXECUTES: Final = 0o100


def unpack(archive: Path, root: Path) -> None:
    """Fill the empty folder `root` from an uncompressed tar archive.

    Raises:
        SandboxError: A member would land outside, or the archive is damaged.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            # `admitted` is the filter. Set here and not per call: Python before 3.11.4 has none,
            # and the default of 3.14 refuses the absolute links of a root file system.
            tar.extraction_filter = lambda member, _: member
            for member in tar:
                if kept := admitted(member):
                    _extract(tar, kept, root)
    except (tarfile.TarError, OSError) as error:
        raise SandboxError(f"the base cannot be unpacked: {error}") from error
    furnish(root)


def admitted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return a member as it may enter the image, or None to leave it out."""
    path = PurePosixPath(member.name.lstrip("/"))
    if not path.parts or any(path.is_relative_to(left_out) for left_out in LEFT_OUT):
        return None
    if path.name.partition(".")[0] in CUSTOMIZERS:
        return None
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return None
    opens = member.isdir() or member.mode & OWNER_EXECUTES
    # Debian 12 has Python 3.11.2, and TarInfo.replace came with 3.11.4.
    kept = copy.copy(member)
    kept.name = str(path)
    kept.mode = EVERYBODY_ENTERS if opens else EVERYBODY_READS
    kept.uid, kept.gid = os.geteuid(), os.getegid()
    kept.uname = kept.gname = ""
    return kept


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    confine(root / member.name, root)
    if member.islnk():
        confine(root / member.linkname.lstrip("/"), root)
    tar.extract(member, root, numeric_owner=True)


def confine(path: Path, root: Path) -> None:
    """Refuse a path that writing to would leave `root`.

    SECURITY: links are followed now, just before the write: an earlier member may have made one,
    and the last part of the path must be none either, for a write would go through it.

    Raises:
        SandboxError: It would.
    """
    leaves = ".." in path.parts or not path.parent.resolve().is_relative_to(root.resolve())
    if leaves or path.is_symlink():
        raise SandboxError(
            f"the base holds {str(path.relative_to(root))!r} in a way that could land outside of "
            "the image",
            remedy="build from another image, or with --source mmdebstrap",
        )


def furnish(root: Path) -> None:
    """Make the folders that engines mount on, and the files that tell nothing of the host."""
    for folder in FOLDERS:
        made = root / folder
        confine(made, root)
        made.mkdir(parents=True, exist_ok=True)
    for name, text in PLAIN_FILES.items():
        file = root / name
        file.write_text(text)
        file.chmod(EVERYBODY_READS)
    for path in (root, *(root / folder for folder in FOLDERS)):
        path.chmod(EVERYBODY_ENTERS)
