"""PID 1 of a databases container: tells how two states of one SQLite database differ.

    python3 -I -S -B databases.py [TOOLS]      TOOLS holds databases/apsw

The host sends both states' files, each with the sidecars that were beside it, and asks once. The
files lie in /tmp, where SQLite folds a sidecar in as the next program to open the database would.

SECURITY: the files are hostile to whoever opens them, and are opened here alone, in a container for
this one database. What is said of them may be forged by whoever found a hole in SQLite; the host
believes its form and nothing else, and tells by itself that the file changed.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire

TOOLS = sys.argv[1] if len(sys.argv) > 1 else "/opt/assize/tools"
sys.path.append(os.path.join(TOOLS, "databases"))

import database_differences  # noqa: E402 - its apsw is found through the line above

FOLDER = "/tmp/databases"  # noqa: S108 - the container's own
SIDES = ("before", "after")
PARTS = ("", "-wal", "-journal")


def serve() -> None:
    """Do what the host asks until it goes away."""
    os.mkdir(FOLDER)
    os.environ["SQLITE_TMPDIR"] = FOLDER
    wire.send({"ev": "ready"})
    while True:
        header, payload = wire.receive()
        if header["op"] == "put":
            put(header["side"], header["part"], payload)
        elif header["op"] == "compare":
            wire.send({"ev": "compared"}, compared(header["seconds"]))
        else:
            wire.send({"ev": "error", "detail": f"databases knows no {header['op']}"})


def put(side: str, part: str, chunk: bytes) -> None:
    """Append to a file and say so."""
    if side not in SIDES or part not in PARTS:
        wire.send({"ev": "error", "detail": f"there is no file {side}{part}"})
        return
    try:
        with open(os.path.join(FOLDER, side + part), "ab") as file:
            file.write(chunk)
    except OSError as error:
        wire.send({"ev": "error", "detail": str(error)})
        return
    wire.send({"ev": "done"})


def compared(seconds: float) -> bytes:
    """Return the answer: what differs, or why that cannot be told."""
    before, after = (os.path.join(FOLDER, side) for side in SIDES)
    answer = database_differences.answer(before, after, time.monotonic() + seconds)
    text = json.dumps(answer).encode()
    if len(text) > wire.PAYLOAD_MOST:
        text = json.dumps({"fault": "so much differs that it cannot be listed"}).encode()
    return text


if __name__ == "__main__":
    try:
        serve()
    except wire.HostGone:
        pass
