"""Looks over all that it can see of files: writes, set-uid programs, devices, sockets, /proc/sys."""

import json
import os
import stat

OURS = ("/workspace", "/tmp", "/dev/shm")
HARMLESS_DEVICES = {
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts/ptmx",
    "/dev/console",
}
told = {}


def attempt(name, act):
    try:
        got = act()
    except OSError as error:
        told[name] = f"refused: {error.strerror}"
    else:
        told[name] = f"got {got!r}"[:200]


def opened(path, flags):
    descriptor = os.open(path, flags)
    try:
        if stat.S_ISCHR(os.fstat(descriptor).st_mode) and os.path.samefile(path, "/dev/null"):
            raise PermissionError(0, "/dev/null lies over it")
    finally:
        os.close(descriptor)
    return path


def written(path, text):
    with open(path, "wb", buffering=0) as file:
        return file.write(text)


def planted(path):
    """Tell what could be left there: Docker's /dev/mqueue looks writable, but takes no queue."""
    if os.path.isdir(path):
        path = os.path.join(path, "planted")
    return opened(path, os.O_RDWR | os.O_CREAT)


def look_at(path):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    if status.st_mode & (stat.S_ISUID | stat.S_ISGID) and kind == stat.S_IFREG:
        told[f"set-uid {path}"] = "got one"
    if kind == stat.S_IFSOCK:
        told[f"socket {path}"] = "got one"
    if kind in (stat.S_IFBLK, stat.S_IFCHR) and path not in HARMLESS_DEVICES:
        attempt(f"device {path}", lambda: opened(path, os.O_RDONLY))
    if kind in (stat.S_IFREG, stat.S_IFDIR) and os.access(path, os.W_OK):
        attempt(f"writable {path}", lambda: planted(path))


for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders.remove("proc")
    folders[:] = [name for name in folders if os.path.join(folder, name) not in OURS]
    for name in (*folders, *files):
        look_at(os.path.join(folder, name))
switches = 0
for folder, _, files in os.walk("/proc/sys"):
    for name in files:
        switches += 1
        try:
            os.close(os.open(os.path.join(folder, name), os.O_WRONLY))
        except OSError:
            continue
        told[f"switch {folder}/{name}"] = "got write access"
told["switches of /proc/sys"] = "refused: all of them" if switches else "got none to try"
for path in ("/", "/etc", "/usr/bin", "/usr/lib", "/opt/assize/guest", "/dev", "/sys", "/proc"):
    target = os.path.join(path, "planted")
    attempt(f"write in {path}", lambda t=target: opened(t, os.O_WRONLY | os.O_CREAT))
for path in ("/usr/bin/python3", "/opt/assize/guest/candidate.py", "/etc/passwd", "/etc/hosts"):
    attempt(f"change {path}", lambda path=path: opened(path, os.O_WRONLY))
    attempt(f"remove {path}", lambda path=path: os.unlink(path))
    attempt(f"chmod {path}", lambda path=path: os.chmod(path, 0o777))
for path in (
    "/proc/sysrq-trigger",
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/kallsyms",
    "/proc/keys",
    "/proc/timer_list",
    "/proc/sys/kernel/core_pattern",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/kvm",
    "/dev/fuse",
    "/dev/net/tun",
    "/dev/sda",
    "/dev/vda",
    "/dev/loop-control",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/release_agent",
):
    attempt(f"write {path}", lambda path=path: opened(path, os.O_WRONLY))
for path, text in (
    ("/proc/self/uid_map", b"0 65534 1"),
    ("/proc/self/gid_map", b"0 65534 1"),
    ("/proc/self/setgroups", b"allow"),
    ("/proc/self/timens_offsets", b"1 1 0"),
):
    attempt(f"write to {path}", lambda path=path, text=text: written(path, text))
for path in ("/proc/kcore", "/proc/kmsg", "/proc/sysrq-trigger", "/proc/1/root/etc/shadow"):
    attempt(f"read {path}", lambda path=path: opened(path, os.O_RDONLY))
with open("/proc/mounts") as file:
    for line in file:
        source, place, kind = line.split()[:3]
        if kind.startswith("cgroup") or source.startswith("/dev/") and place == "/workspace":
            # Mounted is not in reach: an empty folder may lie over it.
            attempt(f"{kind} on {place}", lambda place=place: os.listdir(place))
with open("/proc/self/cgroup") as file:
    told["own cgroup"] = f"got {sorted({line.split(':', 2)[2].strip() for line in file})}"
print(json.dumps(told))
