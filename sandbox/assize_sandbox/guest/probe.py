"""PID 1 of a probe's container: tries to get through every barrier, and tells what happened.

It is our own code in a container that no candidate ever enters; the host believes it, and holds the
kernel's counters against what it says of memory, processes and CPU.
"""

import ctypes
import errno
import functools
import json
import os
import resource
import signal
import socket
import stat
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias, TypedDict

    class Shape(TypedDict):
        """The limits of the container, as `limits.Shape` has them."""

        memory_bytes: int
        pids: int
        cpu_cores: float
        disk_bytes: int
        disk_inodes: int

    Barrier: TypeAlias = Callable[[Shape], tuple[bool, str]]

MIB = 1 << 20
CLONE_NEWUSER = 0x10000000
PTRACE_TRACEME = 0
SYSTEM_CALLS = {
    "x86_64": {"keyctl": 250, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425},
    "aarch64": {"keyctl": 219, "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425},
}
SPIN_SECONDS = 0.4
SPINNERS = 2
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Wait to be asked, try everything, tell."""
    wire.send({"ev": "ready"})
    header, _ = wire.receive()
    results = [attempt(name, barrier, header["shape"]) for name, barrier in BARRIERS]
    wire.send({"ev": "probed"}, json.dumps(results).encode())
    try:
        wire.receive()
    except wire.HostGone:
        pass


def attempt(name: str, barrier: "Barrier", shape: "Shape") -> dict[str, object]:
    """Return what came of one barrier; one that cannot be tried does not hold."""
    try:
        held, evidence = barrier(shape)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing was shown
        held, evidence = False, f"could not be tried: {error!r}"
    return {"name": name, "held": bool(held), "evidence": evidence}


def network(_shape: "Shape") -> tuple[bool, str]:
    """No interface but the loopback, no route, no family of sockets but AF_UNIX."""
    with open("/proc/net/dev") as file:
        names = [line.split(":")[0].strip() for line in file.readlines()[2:]]
    opened = [family.name for family in socket.AddressFamily if socket_opens(family)]
    with open("/proc/net/route") as file:
        routes = len(file.readlines()) - 1
    held = names == ["lo"] and set(opened) <= {"AF_UNIX"} and routes == 0
    return held, f"interfaces {names}, socket families {opened}, {routes} routes"


def socket_opens(family: socket.AddressFamily) -> bool:
    """Tell whether a socket of the family can be made."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        return True
    return False


def status() -> dict[str, str]:
    """Return /proc/self/status as a mapping."""
    with open("/proc/self/status") as file:
        pairs = (line.split(":", 1) for line in file)
        return {name: value.strip() for name, value in pairs}


def capabilities(_shape: "Shape") -> tuple[bool, str]:
    """No capability in any set."""
    sets = {name: value for name, value in status().items() if name.startswith("Cap")}
    return all(int(value, 16) == 0 for value in sets.values()), str(sets)


def no_new_privileges(_shape: "Shape") -> tuple[bool, str]:
    """A set-uid program gains nothing, and there is none."""
    flag = status()["NoNewPrivs"]
    return flag == "1", f"NoNewPrivs {flag}"


def seccomp(_shape: "Shape") -> tuple[bool, str]:
    """A filter is on, and refuses what leads out: namespaces, mounts, tracing."""
    mode = status()["Seccomp"]
    refused = {
        "unshare": refuses(lambda: _libc.unshare(CLONE_NEWUSER)),
        "mount": refuses(lambda: _libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
        "ptrace": refuses(lambda: _libc.ptrace(PTRACE_TRACEME, 0, None, None)),
    }
    for name, number in SYSTEM_CALLS[os.uname().machine].items():
        refused[name] = refuses(functools.partial(_libc.syscall, number, 0, 0, 0, 0, 0))
    return mode == "2" and all(refused.values()), f"mode {mode}, refused {refused}"


def refuses(call: "Callable[[], int]") -> bool:
    """Tell whether a system call fails for want of permission, and not for its arguments."""
    ctypes.set_errno(0)
    return call() == -1 and ctypes.get_errno() in {errno.EPERM, errno.ENOSYS, errno.EACCES}


def user(_shape: "Shape") -> tuple[bool, str]:
    """Not root, in no group of root's."""
    ids = (os.getuid(), os.geteuid(), os.getgid(), os.getegid())
    groups = os.getgroups()
    return 0 not in ids and 0 not in groups, f"uid and gid {ids}, groups {groups}"


def user_namespace(_shape: "Shape") -> tuple[bool, str]:
    """The user is not the host's user of the same number."""
    with open("/proc/self/uid_map") as file:
        mapping = " ".join(file.read().split())
    return mapping != "0 0 4294967295", f"uid map {mapping}"


def processes_hidden(_shape: "Shape") -> tuple[bool, str]:
    """We are the first process and see only our own."""
    seen = [name for name in os.listdir("/proc") if name.isdecimal()]
    return os.getpid() == 1 and seen == ["1"], f"pid {os.getpid()}, sees {seen}"


def root_file_system(_shape: "Shape") -> tuple[bool, str]:
    """Nothing of the image can be changed."""
    tried = ["/", "/opt/assize/guest", "/etc", "/usr/bin", "/usr/lib/python3", "/root", "/var"]
    written = [folder for folder in tried if can_write(folder)]
    return written == [], f"tried {tried}, could write {written}"


def can_write(folder: str) -> bool:
    """Tell whether a file can be made in a folder."""
    path = os.path.join(folder, ".assize-probe")
    try:
        with open(path, "wb"):
            pass
    except OSError:
        return False
    os.unlink(path)
    return True


def kernel_files(_shape: "Shape") -> tuple[bool, str]:
    """The kernel's own files are masked or cannot be written."""
    readable = [path for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list") if leaks(path)]
    writable = [
        path
        for path in (
            "/proc/sys/kernel/core_pattern",
            "/proc/sysrq-trigger",
            "/proc/sys/vm/overcommit_memory",
        )
        if opens(path, os.O_WRONLY)
    ]
    system = os.path.isdir("/sys") and os.listdir("/sys")
    held = not readable and not writable and not system
    return held, f"readable {readable}, writable {writable}, /sys {system or 'empty'}"


def leaks(path: str) -> bool:
    """Tell whether a file says anything."""
    try:
        with open(path, "rb") as file:
            return bool(file.read(16))
    except OSError:
        return False


def opens(path: str, flags: int) -> bool:
    """Tell whether a file can be opened."""
    try:
        os.close(os.open(path, flags))
    except OSError:
        return False
    return True


def devices(_shape: "Shape") -> tuple[bool, str]:
    """No device but the harmless ones, and none can be made."""
    harmless = {"null", "zero", "full", "random", "urandom", "tty", "console"}
    found = {name for name in os.listdir("/dev") if stat.S_ISCHR(mode("/dev", name))}
    blocks = [name for name in os.listdir("/dev") if stat.S_ISBLK(mode("/dev", name))]
    made = True
    try:
        os.mknod("/tmp/probe-device", stat.S_IFCHR | 0o600, os.makedev(1, 1))  # noqa: S108
    except OSError:
        made = False
    strange = sorted(found - harmless) + blocks
    return not strange and not made, f"unexpected {strange}, could make one: {made}"


def mode(folder: str, name: str) -> int:
    """Return the mode of a directory entry."""
    return os.lstat(os.path.join(folder, name)).st_mode


def service_sockets(_shape: "Shape") -> tuple[bool, str]:
    """No socket of a daemon can be reached."""
    found = [
        os.path.join(parent, name)
        for top in ("/run", "/var/run")
        for parent, _, names in os.walk(top)
        for name in names
        if stat.S_ISSOCK(mode(parent, name))
    ]
    return found == [], f"sockets {found}"


def disk(shape: "Shape") -> tuple[bool, str]:
    """The writable folders end at their bytes and at their inodes."""
    told = []
    for folder in ("/workspace", "/tmp"):  # noqa: S108
        room = written_until_full(folder, 2 * shape["disk_bytes"])
        count = made_until_full(folder, 2 * shape["disk_inodes"])
        told.append((folder, room, count))
    held = all(
        room <= shape["disk_bytes"] and count <= shape["disk_inodes"] for _, room, count in told
    )
    return held, f"bytes and files that fitted: {told}"


def written_until_full(folder: str, most: int) -> int:
    """Return how many bytes fit."""
    path = os.path.join(folder, "probe-fill")
    written = 0
    with open(path, "wb", buffering=0) as file:
        try:
            while written < most:
                written += file.write(b"\0" * MIB)
        except OSError:
            pass
    os.unlink(path)
    return written


def made_until_full(folder: str, most: int) -> int:
    """Return how many files fit."""
    made = []
    try:
        for number in range(most):
            path = os.path.join(folder, f"probe-{number}")
            with open(path, "wb"):
                made.append(path)
    except OSError:
        pass
    for path in made:
        os.unlink(path)
    return len(made)


def memory(shape: "Shape") -> tuple[bool, str]:
    """A process that takes more memory than there is gets killed, and we do not."""

    def take() -> None:
        _ = [b"x" * MIB for _ in range(2 * shape["memory_bytes"] // MIB)]

    ended = in_child(take)
    return ended == -signal.SIGKILL, f"ended with {ended} (-9 is the kernel's kill)"


def in_child(body: "Callable[[], None]") -> int:
    """Run something in a child that the kernel kills before us; return how it ended."""
    pid = os.fork()
    if pid == 0:
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("1000")
            body()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def pids(shape: "Shape") -> tuple[bool, str]:
    """No more processes than the limit."""
    started: list[int] = []
    refused: str | None
    try:
        for _ in range(2 * shape["pids"]):
            pid = os.fork()
            if pid == 0:
                signal.pause()
                os._exit(0)
            started.append(pid)
        refused = "never refused"
    except OSError as error:
        refused = error.strerror
    for pid in started:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(started) < shape["pids"], f"started {len(started)} more, then: {refused}"


def cpu(shape: "Shape") -> tuple[bool, str]:
    """Processes that spin get no more than their share of CPU."""
    before, started = children_cpu_seconds(), time.monotonic()
    children = []
    for _ in range(SPINNERS):
        pid = os.fork()
        if pid == 0:
            while time.monotonic() - started < SPIN_SECONDS:
                pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    wall = time.monotonic() - started
    used = children_cpu_seconds() - before
    # One period of the quota (100 ms) may be granted at each end.
    allowed = (wall + 0.2) * shape["cpu_cores"]
    return used <= allowed, f"used {used:.2f} s of CPU in {wall:.2f} s, {allowed:.2f} s allowed"


def children_cpu_seconds() -> float:
    """Return the CPU time of all children that were waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def core_dumps(_shape: "Shape") -> tuple[bool, str]:
    """A crash writes no core file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    return (soft, hard) == (0, 0), f"RLIMIT_CORE {(soft, hard)}"


def host_name(_shape: "Shape") -> tuple[bool, str]:
    """The name tells nothing of the host."""
    name = os.uname().nodename
    return name == "sandbox", f"host name {name}"


BARRIERS: "tuple[tuple[str, Barrier], ...]" = (
    ("network", network),
    ("capabilities", capabilities),
    ("no_new_privileges", no_new_privileges),
    ("seccomp", seccomp),
    ("user", user),
    ("user_namespace", user_namespace),
    ("processes_hidden", processes_hidden),
    ("root_file_system", root_file_system),
    ("kernel_files", kernel_files),
    ("devices", devices),
    ("service_sockets", service_sockets),
    ("core_dumps", core_dumps),
    ("host_name", host_name),
    ("cpu", cpu),
    ("disk", disk),
    ("pids", pids),
    ("memory", memory),
)

if __name__ == "__main__":
    main()
