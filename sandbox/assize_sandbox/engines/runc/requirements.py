"""What the host must be able to do before any container is made."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from assize_sandbox.cgroups import MOUNTINFO, UNIFIED, Mount, mounts
from assize_sandbox.engines.surroundings import HOME
from assize_sandbox.errors import EngineUnavailable, ImageMissing

CONTROLLERS: Final = ("memory", "pids", "cpu")
KERNEL_REMEDY: Final = (
    "boot with cgroup_enable=memory swapaccount=1, or move to cgroup v2 with all controllers"
)
MOUNT_POINTS: Final = ("proc", "dev", "tmp", HOME.lstrip("/"))
"""The container's root cannot make them: to it, the image belongs to nobody."""
USER_NAMESPACES: Final = Path("/proc/sys/user/max_user_namespaces")


def check(rootfs: Path) -> None:
    """Refuse a host that could not keep a barrier up, and an image that could not be entered.

    Raises:
        EngineUnavailable: With what is missing and how to mend it.
        ImageMissing: The image is not whole.
    """
    check_root(os.geteuid())
    check_user_namespaces(int(USER_NAMESPACES.read_text()))
    mounted = mounts(MOUNTINFO.read_text())
    check_controllers(mounted)
    check_swap(mounted)
    check_image(rootfs)
    check_path(rootfs)


def check_root(uid: int) -> None:
    """Refuse to work as anybody but root."""
    if uid != 0:
        raise EngineUnavailable(
            f"the runc engine needs root, and this process is user {uid}",
            remedy="run the service as root, or use the docker engine",
        )


def check_user_namespaces(most: int) -> None:
    """Refuse a kernel that makes no user namespaces."""
    if most < 1:
        raise EngineUnavailable(
            "this host allows no user namespaces",
            remedy="sysctl -w user.max_user_namespaces=10000",
        )


def check_controllers(mounted: Mapping[str, Mount]) -> None:
    """Refuse a host that cannot keep every limit."""
    if "memory" not in mounted and UNIFIED in mounted:
        present = frozenset((mounted[UNIFIED].point / "cgroup.controllers").read_text().split())
    else:
        present = frozenset(mounted)
    missing = [name for name in CONTROLLERS if name not in present]
    if missing:
        raise EngineUnavailable(
            f"the cgroup controllers {', '.join(missing)} are missing", remedy=KERNEL_REMEDY
        )


def check_swap(mounted: Mapping[str, Mount]) -> None:
    """Refuse a kernel that does not count swap, which v1 must be booted to do."""
    memory = mounted.get("memory")
    if memory is not None and not (memory.point / "memory.memsw.limit_in_bytes").exists():
        raise EngineUnavailable(
            "this kernel does not count swap, so that memory could not be limited",
            remedy=KERNEL_REMEDY,
        )


def check_image(rootfs: Path) -> None:
    """Refuse an image in which nothing could be mounted."""
    missing = [name for name in MOUNT_POINTS if not (rootfs / name).is_dir()]
    if missing:
        raise ImageMissing(
            f"the sandbox image at {rootfs} has no folders {', '.join(missing)}",
            remedy="assize image build",
        )


def check_path(rootfs: Path) -> None:
    """Refuse an image that the container's users, who are nobody's outside, cannot reach."""
    for folder in (rootfs, *rootfs.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            raise EngineUnavailable(
                f"containers run as users of their own, and {folder} on the way to their image "
                "is closed to them",
                remedy=f"chmod o+x {folder}, or set ASSIZE_HOME to a folder elsewhere",
            )
