"""What a container is created with: one function for each barrier, in the words of the Engine API.

Every quoted name is a field of `POST /containers/create` (Docker Engine API 1.41). That the daemon
honours it is not believed here: the probe and the conformance suite look from inside.
"""

from dataclasses import dataclass
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

OWNER_LABEL: Final = "assize.owner"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a container is made from."""

    image: str
    """What the daemon calls the sandbox image."""
    shape: Shape
    role: Role
    owner: str
    """Goes into the label by which orphans are found."""
    seccomp: str
    """The profile, as JSON."""
    runtime: str | None = None
    """An OCI runtime that the daemon knows; None is its default."""
    folder: WorkFolder | None = None
    """What /workspace is, in place of a tmpfs."""


def configuration(plan: Plan) -> dict[str, object]:
    """Return the body of the create request."""
    return {
        "Image": plan.image,
        "Labels": {OWNER_LABEL: plan.owner},
        **guest(plan.role),
        **identity(),
        "NetworkDisabled": True,
        "HostConfig": host_configuration(plan),
    }


def host_configuration(plan: Plan) -> dict[str, object]:
    """Return the barriers and limits."""
    return {
        **no_network(),
        **no_privileges(),
        **system_calls(plan.seccomp),
        **read_only_root(),
        **private_folders(plan.shape, plan.folder),
        **hidden_paths(),
        **own_namespaces(),
        **memory(plan.shape),
        **processes(plan.shape),
        **cpu(plan.shape),
        **process_limits(),
        **nothing_kept(),
        **({"Runtime": plan.runtime} if plan.runtime else {}),
    }


def guest(role: Role) -> dict[str, object]:
    """Run the guest as PID 1, its channel on stdin and stdout.

    StdinOnce: if we die, the guest reads an end of file and leaves.
    """
    return {
        "Entrypoint": ["python3", "-I", "-S", "-B", f"{GUEST_FOLDER}/{role.value}.py"],
        "Cmd": [],
        "WorkingDir": HOME,
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"HOME={HOME}", "LANG=C.UTF-8"],
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
    }


def identity() -> dict[str, object]:
    """Be nobody, on a host without a name of its own."""
    return {"User": f"{SANDBOX_UID}:{SANDBOX_UID}", "Hostname": HOST_NAME}


def no_network() -> dict[str, object]:
    """Have a network namespace with nothing but its own loopback."""
    return {"NetworkMode": "none"}


def no_privileges() -> dict[str, object]:
    """Hold no capability, and have no way to get one."""
    return {"Privileged": False, "CapDrop": ["ALL"], "CapAdd": []}


def system_calls(seccomp: str) -> dict[str, object]:
    """Allow the listed system calls alone; set-uid programs gain nothing."""
    return {"SecurityOpt": ["no-new-privileges", f"seccomp={seccomp}"]}


def read_only_root() -> dict[str, object]:
    """See the image, and change nothing of it."""
    return {"ReadonlyRootfs": True, "Binds": [], "Devices": []}


def private_folders(shape: Shape, folder: WorkFolder | None = None) -> dict[str, object]:
    """Write to memory only, bounded in bytes and inodes; it counts against the memory limit.

    SECURITY: of the host, nothing is bound into the container but the view that was made for it
    alone.
    """
    size = f"size={shape.disk_bytes},nr_inodes={shape.disk_inodes}"
    owner = f"uid={SANDBOX_UID},gid={SANDBOX_UID}"
    ours = {HOME: f"rw,exec,nosuid,nodev,mode=0755,{owner},{size}"}
    shared = {
        "/tmp": f"rw,exec,nosuid,nodev,mode=1777,{size}",  # noqa: S108 the container's own
        "/dev/shm": f"rw,noexec,nosuid,nodev,mode=1777,{size}",  # noqa: S108 the container's own
    }
    if folder is None:
        return {"Tmpfs": ours | shared}
    return {"Tmpfs": shared, "Mounts": [view(folder)]}


def view(folder: WorkFolder) -> dict[str, object]:
    """Return the mount of a work folder; what the host mounts later never appears in it."""
    return {
        "Type": "bind",
        "Source": str(folder.path),
        "Target": HOME,
        "ReadOnly": folder.read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }


def hidden_paths() -> dict[str, object]:
    """Hide what tells of the host, and what of /proc would change it."""
    return {"MaskedPaths": list(MASKED_PATHS), "ReadonlyPaths": list(READONLY_PATHS)}


def own_namespaces() -> dict[str, object]:
    """Share no namespace. A user namespace is the daemon's to give (userns-remap)."""
    return {"IpcMode": "private", "PidMode": "", "UTSMode": "", "CgroupnsMode": "private"}


def memory(shape: Shape) -> dict[str, object]:
    """Bound memory, tmpfs included, and swap nothing: Docker's MemorySwap is the sum of both."""
    return {
        "Memory": shape.memory_bytes,
        "MemorySwap": shape.memory_bytes,
        "OomKillDisable": False,
        "OomScoreAdj": GUEST_OOM_SCORE,
    }


def processes(shape: Shape) -> dict[str, object]:
    """Bound processes and threads; no init of Docker's, the guest reaps."""
    return {"PidsLimit": shape.pids, "Init": False}


def cpu(shape: Shape) -> dict[str, object]:
    """Bound the share of CPU."""
    return {"NanoCpus": round(shape.cpu_cores * 1e9)}


def process_limits() -> dict[str, object]:
    """Bound each process: no core files, no POSIX message queues, few locked pages."""
    bounds = {"core": 0, "msgqueue": 0, "memlock": LOCKED_MEMORY_BYTES, "nofile": OPEN_FILES_MOST}
    return {"Ulimits": [{"Name": name, "Soft": n, "Hard": n} for name, n in bounds.items()]}


def nothing_kept() -> dict[str, object]:
    """Write no log (a flood would fill the host's disk), start nothing again."""
    return {"LogConfig": {"Type": "none"}, "RestartPolicy": {"Name": "no"}, "AutoRemove": False}
