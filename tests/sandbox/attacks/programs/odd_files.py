"""Leaves what a collector of files may stumble over: sockets, sparse giants, odd names, old doors."""

import json
import os
import signal
import socket

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
told = {}


def attempt(name, act):
    try:
        got = act()
    except OSError as error:
        told[name] = f"refused: {error.strerror}"
    else:
        told[name] = str(got)


def truncate(size):
    with open("sparse", "wb") as file:
        file.truncate(size)
    return size


def seek_and_write(size):
    with open("sparse_written", "wb") as file:
        file.seek(size)
        file.write(b"x")
    return size


def device(kind, major, minor):
    os.mknod("device", kind | 0o666, os.makedev(major, minor))
    return "made"


attempt("sparse 1 PiB", lambda: truncate(1 << 50))
attempt("a byte at 1 PiB", lambda: seek_and_write(1 << 50))
attempt("sparse within the limit", lambda: truncate(2 << 20))
attempt("character device", lambda: device(0o020000, 1, 1))
attempt("block device", lambda: device(0o060000, 8, 0))
door = socket.socket(socket.AF_UNIX)
door.bind("door")
os.makedirs("unreadable/inner")
with open("unreadable/inner/file", "w") as file:
    file.write("x")
os.chmod("unreadable", 0)
for name in (b"new\nline", b"\xff\xfe", b"\x1b[31mred", "bidi\u202etxt.exe".encode(), b"-rf", b" "):
    with open(name, "wb") as file:
        file.write(name)
for name in ("caf\u00e9", "cafe\u0301"):
    with open(name, "w") as file:
        file.write(str(len(name)))
print(json.dumps(told))
