"""Looks for whatever another container left or holds."""

import json
import os
import socket

told = {}


def attempt(name, act):
    try:
        got = act()
    except OSError as error:
        told[name] = f"refused: {error.strerror}"
    else:
        told[name] = f"got {got!r}"[:200]


def connected():
    with socket.socket(socket.AF_UNIX) as made:
        made.connect("\0tenant")
    return "tenant"


for folder in ("/workspace", "/tmp", "/dev/shm", "/dev/mqueue", "/var/tmp", "/var/lock"):
    attempt(f"file in {folder}", lambda folder=folder: open(f"{folder}/tenant").read())
attempt("abstract socket", connected)
seen = {int(name) for name in os.listdir("/proc") if name.isdecimal()} - {1, os.getpid()}
told["processes"] = f"got {seen}" if seen else "refused: none in sight"
for path in ("/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg", "/proc/locks"):
    try:
        with open(path) as file:
            rows = [line for line in file if not line.startswith(" ")]
    except OSError:
        continue
    told[path] = f"got {rows}" if rows else "refused: empty"
print(json.dumps(told))
