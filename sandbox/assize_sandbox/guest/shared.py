"""PID 1 of a shared sandbox: tests and candidate in one process, for suites that cannot be split.

SECURITY: the candidate's code runs in the process that reports. Nothing said here is more than a
hindrance to code that sets out to forge a verdict, and what comes of it is labelled SHARED:

- the child starts without `site`, with no configuration, plugin or environment of the candidate's;
- /workspace comes last on the search path, so that no file there takes the place of a library's;
- test files are written last and read-only (the candidate is the same user, and could change that);
- this process never learns which tests have been made to expect what is wrong (`copies.py`): the
  child is a copy of its memory. Each container runs one of the two copies.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(os.path.dirname(sys.path[0]), "tools", "tests"))

import files
import letters
import process
import pytest
import suite
import tests
import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READ_ONLY = 0o444
TOLD_MOST = 16 * 1024 * 1024
"""Bytes of reports; a child that sends more is stopped."""


class Guest:
    """The operations of a shared sandbox."""

    def __init__(self) -> None:
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
        """Write a file of the candidate's or of the tests'."""
        files.write(header["path"], payload)
        if header.get("read_only"):
            os.chmod(os.path.join(files.WORK, header["path"]), READ_ONLY)
        wire.send({"ev": "done"})

    def suite(self, header: "wire.Header", _payload: bytes) -> None:
        """Run the suite to its end, once."""
        child = process.Child(header, lambda _answer: run(header))
        box = letters.Letterbox(child, self._reaper, header["keep"], self._rooms, tests.tell)
        left = TOLD_MOST
        while left > 0 and (message := box.wait()) is not None:
            left -= len(message)
            # What is no report becomes one that the host cannot read, and counts as tampering.
            wire.send({"ev": "report"}, message[1:] if bytes(message[:1]) == b"R" else b"")
        ending = box.end()
        failed = ending.code != 0
        wire.send(
            {
                "ev": "end",
                "code": ending.code,
                "signal": ending.signal,
                "flooded": ending.flooded or left <= 0,
                "disk_full": failed and files.full(header["file_bytes"]),
            }
        )


class NoBoundary:
    """Stands for the way to the candidate where there is none."""

    leaned = False
    gone = ""

    def fresh(self) -> None:
        """Do nothing: the candidate lives as long as the suite."""


def run(header: "dict[str, Any]") -> None:
    """Run the suite; end this process with pytest's own status."""
    letters.read_by_child()
    os.environ.clear()
    os.environ.update(
        tests.FIXED_ENVIRONMENT | header["env"] | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )
    sys.dont_write_bytecode = True
    sys.argv = ["pytest"]
    seed = f"--hypothesis-seed={header['seed']}"
    # About half of the tests fail: pytest's own way to show that reads each file anew every time.
    arguments = [*suite.OPTIONS, "--tb=native", *suite.PLUGINS, seed, *header["tests"]]
    reporter = suite.Reporter(NoBoundary(), fresh=False)
    give_way(header["roots"])
    status = int(pytest.main(arguments, plugins=[reporter]))
    suite.tell({"done": status})
    try:
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001, S110 - the stream may be the candidate's own
        pass
    os._exit(status)


def give_way(roots: "list[str]") -> None:
    """Leave no module of ours where the candidate's could be shadowed by it."""
    ours = os.path.dirname(os.path.abspath(__file__))
    for name, module in list(sys.modules.items()):
        if os.path.dirname(getattr(module, "__file__", None) or "") == ours and name != "__main__":
            del sys.modules[name]
    sys.path[:] = [path for path in sys.path if path != ours] + roots


def main() -> None:
    """Close the doors, then serve."""
    tests.close_doors()
    try:
        Guest().serve()
    except wire.HostGone:
        os._exit(0)


if __name__ == "__main__":
    main()
