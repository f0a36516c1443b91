"""Functions that try to tell a later call something: one call marks, the next one looks.

The marks carry a number that only the first call gets, so what is found was truly remembered.
"""

import builtins
import ctypes
import gc
import os
import random
import re
import signal
import socket
import struct
import sys
import time

FOLDERS = ("/workspace", "/tmp", "/dev/shm")
OLD = 1_000_000
# It does not match its own source.
MARK = re.compile(rb"mar[k]-([0-9]{6})-")


def mark(number: int) -> dict[str, str]:
    """Leave the number wherever something may be left."""
    told = {}
    for name, leave in LEAVERS.items():
        try:
            leave(number)
        except OSError as error:
            told[name] = f"refused: {error.strerror}"
        else:
            told[name] = "left"
    return told


def text(number):
    return f"mark-{number}-" * 50


def leave_files(number):
    for folder in FOLDERS:
        with open(f"{folder}/{text(number)[:100]}", "w") as file:
            file.write(text(number))
        os.makedirs(f"{folder}/.hidden/deep")
        os.symlink(text(number)[:100], f"{folder}/link")


def leave_sources(number):
    with open("/workspace/solution.py", "a") as file:
        file.write(f"\nREMEMBERED = {number}\n")
    with open("/workspace/package/__init__.py", "w") as file:
        file.write(f"REMEMBERED = {number}\n")
    with open("/workspace/json.py", "w") as file:
        file.write(f"REMEMBERED = {number}\n")
    os.makedirs("/workspace/__pycache__", exist_ok=True)
    os.makedirs("/workspace/.local/lib")
    os.chmod("/workspace/package/__init__.py", 0o700)


def leave_times(number):
    for path in ("/workspace", "/workspace/solution.py", "/workspace/package"):
        os.utime(path, (OLD + number, OLD + number))


def leave_folder_times(_number):
    for folder in FOLDERS:
        os.close(os.open(f"{folder}/passing", os.O_CREAT))
        os.unlink(f"{folder}/passing")
        os.listdir(folder)


def leave_attributes(number):
    for path in ("/workspace", "/workspace/solution.py", "/tmp", "/dev/shm"):
        os.setxattr(path, "user.mark", str(number).encode())


def leave_own_attributes(number):
    for path in ("/workspace", "/workspace/solution.py"):
        os.setxattr(path, "user.mark", str(number).encode())


def leave_access_lists(_number):
    user, mask, other = (1, 7, -1), (16, 7, -1), (32, 5, -1)
    entries = (user, (2, 7, 1000), (4, 5, -1), mask, other)
    text = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    for kind in ("default", "access"):
        os.setxattr("/workspace", f"system.posix_acl_{kind}", text)


def leave_modes(_number):
    os.chmod("/workspace/package", 0o500)
    os.chmod("/workspace/solution.py", 0o777)
    os.chmod("/workspace", 0o711)


def leave_processes(number):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for name in ("SIGTERM", "SIGINT", "SIGHUP"):
                    signal.signal(getattr(signal, name), signal.SIG_IGN)
                door = socket.socket(socket.AF_UNIX)
                try:
                    door.bind(f"\0{text(number)[:80]}")
                except OSError:
                    pass
                while True:
                    time.sleep(1)
            os._exit(0)
    time.sleep(0.05)


def leave_environment(number):
    os.environ["MARK"] = str(number)
    os.putenv("MARK", str(number))
    sys.path.insert(0, "/tmp")
    builtins.mark = number
    os.umask(0o777)
    os.chdir("/tmp")
    random.seed(number)


def leave_output(number):
    os.write(1, text(number).encode())
    os.write(2, text(number).encode())


def leave_limits(_number):
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))


LEAVERS = {
    "sources": leave_sources,
    "attributes of all": leave_attributes,
    "own attributes": leave_own_attributes,
    "access lists": leave_access_lists,
    "files": leave_files,
    "output": leave_output,
    "processes": leave_processes,
    "environment": leave_environment,
    "limits": leave_limits,
    "folder times": leave_folder_times,
    "modes": leave_modes,
    "times": leave_times,
}


def look() -> dict[str, str]:
    """Tell what an earlier call left. An empty answer is a session that remembers nothing."""
    found = {}
    look_at_files(found)
    look_at_times(found)
    look_at_process(found)
    look_at_others(found)
    look_at_memory(found)
    return found


def look_at_files(found):
    here = {folder: sorted(os.listdir(folder)) for folder in FOLDERS}
    if here != {"/workspace": ["package", "solution.py"], "/tmp": [], "/dev/shm": []}:
        found["files"] = repr(here)[:300]
    for path in ("/workspace", "/workspace/solution.py", "/workspace/package", "/tmp", "/dev/shm"):
        if os.listxattr(path):
            found[f"attributes of {path}"] = repr(os.listxattr(path))
    modes = [oct(os.stat(path).st_mode & 0o7777) for path in ("/workspace", *SOURCES)]
    if modes != ["0o755", "0o644", "0o755", "0o644"]:
        found["modes"] = repr(modes)
    import package

    for place in (sys.modules[__name__], package):
        if hasattr(place, "REMEMBERED"):
            found[f"source of {place.__name__}"] = str(place.REMEMBERED)


SOURCES = ("/workspace/solution.py", "/workspace/package", "/workspace/package/__init__.py")


def look_at_times(found):
    for path in ("/workspace", *SOURCES):
        if OLD <= os.stat(path).st_mtime <= OLD + 10**6:
            found[f"time of {path}"] = str(os.stat(path).st_mtime)


def look_at_process(found):
    import resource

    if "MARK" in os.environ or b"MARK" in open("/proc/self/environ", "rb").read():
        found["environment"] = "MARK"
    if hasattr(builtins, "mark"):
        found["builtins"] = str(builtins.mark)
    if os.getcwd() != "/workspace" or "/tmp" in sys.path:
        found["folder"] = f"{os.getcwd()} {sys.path}"
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 64:
        found["limits"] = "lowered"
    old = os.umask(0o022)
    if old != 0o022:
        found["umask"] = oct(old)
    descriptors = {
        name: os.readlink(f"/proc/self/fd/{name}")
        for name in os.listdir("/proc/self/fd")
        if int(name) > 3 and os.path.exists(f"/proc/self/fd/{name}")
    }
    if descriptors:
        found["descriptors"] = repr(descriptors)


def look_at_others(found):
    seen = {int(name) for name in os.listdir("/proc") if name.isdecimal()}
    if seen - {1, os.getpid()}:
        found["processes"] = repr(sorted(seen))
    with open("/proc/net/unix") as file:
        if "mark-" in file.read():
            found["sockets"] = "an abstract name"


def look_at_memory(found):
    """Search the whole of its own memory: it began as a copy of the guest's."""
    numbers = set()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
        spans = [line.split() for line in maps if " rw" in line]
        for span, *_ in spans:
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                numbers.update(MARK.findall(os.pread(memory.fileno(), end - start, start)))
            except OSError:
                continue
    if numbers:
        found["memory"] = repr(sorted(numbers))


def oldest_folder_time() -> int:
    """Return the oldest of all times of the writable folders, in nanoseconds."""
    found = [os.stat(folder) for folder in FOLDERS]
    return min(min(s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns) for s in found)


def mark_folder_times(listed: str, changed: str) -> int:
    """Mark one folder by a change, one by a look into it; return the time after that."""
    os.close(os.open(f"{changed}/passing", os.O_CREAT))
    os.unlink(f"{changed}/passing")
    os.listdir(listed)
    marked = time.time_ns()
    # The times of files are as coarse as the kernel's tick.
    time.sleep(0.02)
    return marked


def dig() -> int:
    """Leave 300 folders in each other, without permissions."""
    here = os.getcwd()
    for folder in FOLDERS:
        os.chdir(folder)
        for _ in range(100):
            os.mkdir("d")
            os.chmod("d", 0o700)
            os.chdir("d")
        os.chdir(folder)
        os.chmod("d", 0)
    os.chdir(here)
    return 300


def draws() -> list[str]:
    """Return random numbers of every kind."""
    return [str(random.random()), os.urandom(8).hex(), str(gc.isenabled())]


def say(number: int) -> str:
    """Answer, print and raise nothing: what goes through the guest's memory."""
    ctypes.CDLL(None).write(1, text(number).encode(), 700)
    return text(number)


def note(number: int) -> None:
    """Leave a file for the host to read."""
    with open("/workspace/note", "w") as file:
        file.write(text(number))
