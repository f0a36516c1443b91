"""Attacks PID 1, the guest: signals, memory, descriptors, limits, priorities, tracing."""

import ctypes
import json
import os
import resource
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
told = {}


def attempt(name, act):
    try:
        got = act()
    except OSError as error:
        told[name] = f"refused: {error.strerror}"
    except ValueError as error:
        told[name] = f"refused: {error}"
    else:
        told[name] = f"got {got!r}"[:200]


def call(name, *arguments):
    ctypes.set_errno(0)
    result = getattr(libc, name)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read(path):
    with open(path, "rb") as file:
        return file.read(64)


def write(path, text):
    with open(path, "wb", buffering=0) as file:
        return file.write(text)


for path in ("mem", "environ", "maps", "smaps", "auxv", "syscall", "stack", "io", "pagemap"):
    attempt(f"read /proc/1/{path}", lambda path=path: read(f"/proc/1/{path}"))
for path in ("fd", "fdinfo", "map_files", "ns", "cwd", "root"):
    attempt(f"list /proc/1/{path}", lambda path=path: os.listdir(f"/proc/1/{path}"))
for number in range(6):
    attempt(f"write /proc/1/fd/{number}", lambda n=number: write(f"/proc/1/fd/{n}", b"forged"))
for path, text in (
    ("mem", b"x"),
    ("oom_score_adj", b"1000"),
    ("comm", b"x"),
    ("coredump_filter", b"0"),
    ("clear_refs", b"1"),
    ("timerslack_ns", b"1"),
    ("attr/current", b"x"),
    ("uid_map", b"0 0 1"),
    ("setgroups", b"allow"),
    ("autogroup", b"19"),
    ("sched", b"0"),
):
    attempt(f"write /proc/1/{path}", lambda path=path, text=text: write(f"/proc/1/{path}", text))
for path in ("/proc/1/task/1/mem", "/proc/1/task/1/fd/1"):
    attempt(f"write {path}", lambda path=path: write(path, b"x"))
attempt("prlimit", lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)))
attempt("ask prlimit", lambda: resource.prlimit(1, resource.RLIMIT_NOFILE))
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
attempt("affinity", lambda: os.sched_setaffinity(1, {0}))
attempt("scheduler", lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
for name, request in (("attach", 16), ("seize", 0x4206)):
    attempt(f"ptrace {name}", lambda request=request: call("ptrace", request, 1, None, None))


class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


space = ctypes.create_string_buffer(16)
mine, theirs = Span(ctypes.addressof(space), 16), Span(0x400000, 16)
for name in ("process_vm_readv", "process_vm_writev"):
    spans = (ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)
    attempt(name, lambda name=name, spans=spans: call(name, 1, *spans))
PIDFD_GETFD = 438
for number in (0, 1):
    attempt(
        f"pidfd_getfd {number}",
        lambda n=number: call("syscall", PIDFD_GETFD, os.pidfd_open(1), n, 0),
    )

# Whatever is sent must leave it alive: that there is an end at all will show it.
for number in signal.valid_signals():
    for send in (
        lambda n=number: os.kill(1, n),
        lambda n=number: signal.pidfd_send_signal(os.pidfd_open(1), n),
        lambda n=number: call("tgkill", 1, 1, n),
        lambda n=number: call("sigqueue", 1, n, None),
    ):
        try:
            send()
        except OSError:
            pass
for _ in range(20_000):
    os.kill(1, signal.SIGCHLD)
print("before the end")
print(json.dumps(told))
sys.stdout.flush()
os._exit(0)
