"""PID 1 of a test sandbox: runs suites whose candidate lives elsewhere.

No file of the candidate's ever comes here. The tests run in a child, forked from this process with
pytest already loaded; what the child asks of the candidate goes to the host, which passes it on.
"""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(os.path.dirname(sys.path[0]), "tools", "tests"))

import files
import letters
import process
import suite
import wire

FIXED_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/workspace",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108 - the container's own
}


class Guest:
    """The operations of a test sandbox."""

    def __init__(self) -> None:
        self._sources = files.Sources()
        self._reaper = process.Reaper()
        self._rooms = letters.Rooms()

    def serve(self) -> None:
        """Carry out what the host asks until it goes away."""
        operations = {"put": self.put, "suite": self.suite}
        wire.send({"ev": "ready"})
        while True:
            header, payload = wire.receive()
            try:
                operations[header["op"]](header, payload)
            except OSError as error:
                wire.send({"ev": "error", "detail": f"{header['op']}: {error}"})

    def put(self, header: "wire.Header", payload: bytes) -> None:
        """Write a test file."""
        self._sources.put(header["path"], payload)
        wire.send({"ev": "done"})

    def suite(self, header: "wire.Header", _payload: bytes) -> None:
        """Run a suite to its end."""
        order = header | {"env": FIXED_ENVIRONMENT}
        self._rooms.forget()
        child = process.Child(header, lambda _answer: suite.main(order))
        box = letters.Letterbox(child, self._reaper, header["keep"], self._rooms, tell)
        while (message := box.wait()) is not None:
            self._pass_on(box, message)
        ending = box.end()
        wire.send(
            {
                "ev": "end",
                "code": ending.code,
                "signal": ending.signal,
                "flooded": ending.flooded,
                "disk_full": ending.code != 0 and files.full(header["file_bytes"]),
            }
        )
        self._sources.restore()

    def _pass_on(self, box: letters.Letterbox, message: memoryview) -> None:
        kind, payload = bytes(message[:1]), message[1:]
        if kind == b"R":
            wire.send({"ev": "report"}, payload)
            return
        wire.send({"ev": "fresh" if kind == b"F" else "ask"}, payload)
        header, answer = wire.receive()
        if header.get("gone") is None:
            box.post(b"V" + answer)
        else:
            box.post(b"G" + header["gone"].encode())


def tell(stream: str, data: memoryview) -> None:
    """Pass on what the tests printed."""
    wire.send({"ev": "out", "stream": stream}, data)


def close_doors() -> None:
    """Let no other process look into this one, and no signal end it."""
    process.set_dumpable(0)
    suite.preload()
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Close the doors, then serve."""
    close_doors()
    try:
        Guest().serve()
    except wire.HostGone:
        os._exit(0)


if __name__ == "__main__":
    main()
