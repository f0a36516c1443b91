"""What a container is made of: one function for each barrier, in the words of the OCI runtime.

Every quoted name is a field of config.json (OCI runtime specification 1.0.2). That the runtime
honours it is not believed here: the probe and the conformance suite look from inside.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assize_sandbox.engines.base import Role, WorkFolder
from assize_sandbox.engines.surroundings import (
    GUEST_FOLDER,
    GUEST_OOM_SCORE,
    HOME,
    HOST_NAME,
    LOCKED_MEMORY_BYTES,
    MASKED_PATHS,
    OPEN_FILES_MOST,
    READONLY_PATHS,
    SANDBOX_UID,
)
from assize_sandbox.limits import Shape

OCI_VERSION: Final = "1.0.2"
CGROUP_PARENT: Final = "/assize"
NAMESPACES: Final = ("pid", "network", "ipc", "uts", "mount", "cgroup", "user")
CAPABILITY_SETS: Final = ("bounding", "effective", "inheritable", "permitted", "ambient")

FIRST_HOST_ID: Final = 1_000_000
"""Where the container's user 0 begins outside: above every real user and every usual subuid."""
MAPPED_IDS: Final = 65_536
CPU_PERIOD_MICROSECONDS: Final = 100_000
DEVICES_BYTES: Final = 64 * 1024
"""What /dev itself may hold: a few nodes and links, and it is read-only."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a container is made from."""

    rootfs: Path
    """The sandbox image, unpacked: readable by everybody, shared by every container."""
    shape: Shape
    role: Role
    seccomp: dict[str, object]
    """The profile in OCI's form."""
    folder: WorkFolder | None = None
    """What /workspace is, in place of a tmpfs."""


def configuration(plan: Plan, container: str) -> dict[str, object]:
    """Return the config.json of a container."""
    return {
        "ociVersion": OCI_VERSION,
        "hostname": HOST_NAME,
        **read_only_root(plan.rootfs),
        **private_folders(plan.shape, plan.folder),
        "process": process(plan.role),
        "linux": {
            **own_namespaces(),
            **own_users(),
            **hidden_paths(),
            **system_calls(plan.seccomp),
            **own_cgroup(container),
            "resources": resources(plan.shape),
        },
    }


def process(role: Role) -> dict[str, object]:
    """Return the first process, and what it is denied."""
    return {**guest(role), **identity(), **no_privileges(), **process_limits()}


def resources(shape: Shape) -> dict[str, object]:
    """Return the limits that the cgroup keeps, over all processes."""
    return {**memory(shape), **processes(shape), **cpu(shape), **no_devices()}


def guest(role: Role) -> dict[str, object]:
    """Run the guest as PID 1, its channel on stdin and stdout; if we die, stdin ends."""
    return {
        "args": ["python3", "-I", "-S", "-B", f"{GUEST_FOLDER}/{role.value}.py"],
        "cwd": HOME,
        "env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"HOME={HOME}", "LANG=C.UTF-8"],
        "terminal": False,
        "oomScoreAdj": GUEST_OOM_SCORE,
    }


def identity() -> dict[str, object]:
    """Be nobody, in no other group."""
    return {"user": {"uid": SANDBOX_UID, "gid": SANDBOX_UID, "additionalGids": []}}


def no_privileges() -> dict[str, object]:
    """Hold no capability, and have no way to get one; set-uid programs gain nothing."""
    return {"capabilities": {name: [] for name in CAPABILITY_SETS}, "noNewPrivileges": True}


def process_limits() -> dict[str, object]:
    """Bound each process: no core files, no POSIX message queues, few locked pages."""
    bounds = {"CORE": 0, "MSGQUEUE": 0, "MEMLOCK": LOCKED_MEMORY_BYTES, "NOFILE": OPEN_FILES_MOST}
    return {
        "rlimits": [{"type": f"RLIMIT_{name}", "soft": n, "hard": n} for name, n in bounds.items()]
    }


def read_only_root(rootfs: Path) -> dict[str, object]:
    """See the image, and change nothing of it."""
    return {"root": {"path": str(rootfs), "readonly": True}}


def private_folders(shape: Shape, folder: WorkFolder | None = None) -> dict[str, object]:
    """Write to memory only, bounded in bytes and inodes; it counts against the memory limit.

    SECURITY: of the host, nothing is bound into the container but the view that was made for it
    alone, and /sys is not mounted at all.
    The device nodes in /dev (null, zero, full, random, urandom, tty) are the runtime's to add.
    """
    size = (f"size={shape.disk_bytes}", f"nr_inodes={shape.disk_inodes}")
    owner = (f"uid={SANDBOX_UID}", f"gid={SANDBOX_UID}")
    return {
        "mounts": [
            mount("/proc", "proc", "nosuid", "nodev", "noexec"),
            mount("/dev", "tmpfs", "nosuid", "noexec", "ro", "mode=755", f"size={DEVICES_BYTES}"),
            mount("/dev/shm", "tmpfs", "nosuid", "nodev", "noexec", "mode=1777", *size),  # noqa: S108 the container's own
            mount(HOME, "tmpfs", "nosuid", "nodev", "mode=0755", *owner, *size)
            if folder is None
            else view(folder),
            mount("/tmp", "tmpfs", "nosuid", "nodev", "mode=1777", *size),  # noqa: S108 the container's own
        ]
    }


def mount(destination: str, kind: str, *options: str) -> dict[str, object]:
    """Return a mount of a file system that has no source."""
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}


def view(folder: WorkFolder) -> dict[str, object]:
    """Return the mount of a work folder; what the host mounts later never appears in it."""
    options = ["bind", "private", "nosuid", "nodev", "ro" if folder.read_only else "rw"]
    return {
        "destination": HOME,
        "type": "bind",
        "source": str(folder.path),
        "options": options,
    }


def own_namespaces() -> dict[str, object]:
    """Share no namespace; the network one has nothing but its own loopback, and that is down."""
    return {"namespaces": [{"type": name} for name in NAMESPACES]}


def own_users() -> dict[str, object]:
    """Be nobody outside too: no user of the container is a user of the host."""
    mapping = [{"containerID": 0, "hostID": FIRST_HOST_ID, "size": MAPPED_IDS}]
    return {"uidMappings": mapping, "gidMappings": mapping}


def hidden_paths() -> dict[str, object]:
    """Hide what tells of the host, and what of /proc would change it."""
    return {"maskedPaths": list(MASKED_PATHS), "readonlyPaths": list(READONLY_PATHS)}


def system_calls(seccomp: dict[str, object]) -> dict[str, object]:
    """Allow the listed system calls alone."""
    return {"seccomp": seccomp}


def own_cgroup(container: str) -> dict[str, object]:
    """Be counted and limited apart from everything else."""
    return {"cgroupsPath": f"{CGROUP_PARENT}/{container}"}


def memory(shape: Shape) -> dict[str, object]:
    """Bound memory, tmpfs included, and swap nothing: OCI's `swap` is the sum of both."""
    return {"memory": {"limit": shape.memory_bytes, "swap": shape.memory_bytes}}


def processes(shape: Shape) -> dict[str, object]:
    """Bound processes and threads."""
    return {"pids": {"limit": shape.pids}}


def cpu(shape: Shape) -> dict[str, object]:
    """Bound the share of CPU."""
    quota = round(shape.cpu_cores * CPU_PERIOD_MICROSECONDS)
    return {"cpu": {"quota": quota, "period": CPU_PERIOD_MICROSECONDS}}


def no_devices() -> dict[str, object]:
    """Deny every device but the harmless ones that the runtime itself adds."""
    return {"devices": [{"allow": False, "access": "rwm"}]}
