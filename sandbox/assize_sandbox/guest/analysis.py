"""PID 1 of an analysis container: reads source and never runs it.

    python3 -I -S -B analysis.py [TOOLS]      TOOLS holds bin/ruff, lib/mypy, lib/ast_grep_py

Processes: this one keeps mypy and ast-grep loaded and speaks with the host. Each request is carried
out by a child that was forked ahead (standby.py), under limits of its own, in a fresh folder; the
child starts ruff. When it has answered, or its time is up, the folder is wiped and its whole
process group killed before another request is looked at, so nothing of one request is left for the
next. What the child says comes through a pipe and is passed on unread.

SECURITY: the source is hostile to its readers: it may crash ruff or mypy, or keep them busy for
ever. A reader that gave up is reported as such (`stopped`) and never as "nothing found".
"""

import os
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import process
import wire

TOOLS = sys.argv[1] if len(sys.argv) > 1 else "/opt/assize/tools"
sys.path.append(os.path.join(TOOLS, "lib"))

import readers  # noqa: E402 - what it imports is found through the line above
import standby  # noqa: E402

WALL_SECONDS = 20


def serve() -> None:
    """Carry out what the host asks until it goes away."""
    files: dict[str, bytes] = {}
    child = stand_by()
    wire.send({"ev": "ready"})
    while True:
        header, payload = wire.receive()
        if header["op"] == "put":
            files[header["path"]] = payload
            wire.send({"ev": "done"})
        elif header["op"] == "analyse":
            if not child.alive:
                # The source that it has not seen is not to blame.
                child.bury()
                child = stand_by()
            answer(child, files, header["settings"], payload)
            files = {}
            child = stand_by()
        else:
            wire.send({"ev": "error", "detail": f"analysis knows no {header['op']}"})


def stand_by() -> standby.Standby:
    """Return a child for the next request."""
    return standby.Standby(os.path.join(TOOLS, "bin", "ruff"))


def answer(
    child: standby.Standby, files: dict[str, bytes], settings: "readers.Settings", rules: bytes
) -> None:
    """Have the child read, wipe, and send what it found, or why it stopped."""
    folder = tempfile.mkdtemp(prefix="analysis-")
    said = child.ask(files, settings, rules, folder, WALL_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    if said.whole:
        # At once: its end takes as long as some analyses do.
        wire.send(*reply(said, 0))
    code = child.bury()
    shutil.rmtree(folder, ignore_errors=True)
    if not said.whole:
        wire.send(*reply(said, code))


def reply(said: standby.Answer, code: int) -> "tuple[wire.Header, bytes]":
    """Return header and payload of the answer; `code` is how a child ended that gave none."""
    if not said.whole:
        out_of_time = not said.in_time or code == -signal.SIGXCPU
        return {"ev": "findings", "stopped": "time" if out_of_time else "crash"}, b"[]"
    if said.status == readers.MISUSED:
        return {"ev": "error", "detail": said.payload.decode(errors="replace")[:2000]}, b""
    if said.status == readers.OUT_OF_MEMORY:
        return {"ev": "findings", "stopped": "memory"}, b"[]"
    if said.status != standby.DONE or len(said.payload) > standby.ANSWER_MOST:
        return {"ev": "findings", "stopped": "crash"}, b"[]"
    return {"ev": "findings", "stopped": ""}, said.payload


if __name__ == "__main__":
    # What analyses a source runs under the same user, and must not look in here.
    process.set_dumpable(0)
    # mypy puts its working folder on the search path: let it be one that stays empty.
    os.chdir(tempfile.mkdtemp(prefix="empty-"))
    readers.prepare()
    try:
        serve()
    except wire.HostGone:
        pass
