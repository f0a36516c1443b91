"""PID 1 of a candidate's container: waits for frames and carries them out, one at a time.

SECURITY: the candidate runs under the same user as this process. What keeps it out: the process is
not dumpable (so /proc/1/mem, fd and environ are closed to it), signals to the first process of a
pid namespace are dropped by the kernel unless it asked for them, ptrace and its like are refused by
seccomp, and the channel's descriptors are closed in every child. If it got in all the same it could
only change what it answers: expected values never come here, and limits are kept by the host.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import calls
import files
import process
import pump
import scratch
import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal

    import letters
else:
    import _signal as signal  # without its enums, which take milliseconds of each start

FIXED_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/workspace",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108 - the container's own
}


class Guest:
    """The operations of one container."""

    def __init__(self) -> None:
        self._sources = files.Sources()
        self._reaper = process.Reaper()
        self._room = scratch.Scratch(wire.PAYLOAD_MOST)
        self._rooms = pump.Rooms(calls.ANSWER_MOST + 2)
        self._called = False
        self._live: letters.Letterbox | None = None
        self._letters: letters.Rooms | None = None

    def serve(self) -> None:
        """Carry out what the host asks until it goes away."""
        operations = {
            "put": self.put,
            "run": self.run,
            "call": self.call,
            "read": self.read,
            "live": self.live,
            "ask": self.ask,
        }
        wire.send({"ev": "ready"})
        while True:
            header = wire.receive_into(self._room)
            try:
                operations[header["op"]](header, self._room.content)
            except OSError as error:
                wire.send({"ev": "error", "detail": f"{header['op']}: {error}"})

    def put(self, header: "wire.Header", payload: memoryview) -> None:
        """Write a source file."""
        self._sources.put(header["path"], bytes(payload))
        wire.send({"ev": "done"})

    def run(self, header: "wire.Header", payload: memoryview) -> None:
        """Run a program to its end."""
        argv, environment = header["argv"], FIXED_ENVIRONMENT | header["env"]

        def body(answer: int) -> None:
            os.close(answer)
            os.execvpe(argv[0], argv, environment)

        ending = self._follow(header, body, payload)
        wire.send({"ev": "end", **evidence(ending, header)})

    def call(self, header: "wire.Header", payload: memoryview) -> None:
        """Call a function in a process of its own, in folders as fresh as the process."""
        if self._called:
            process.apart(self._sources.restore)
        self._called = True
        environment = FIXED_ENVIRONMENT | header["env"]

        def body(answer: int) -> None:
            calls.call(header["module"], header["function"], bytes(payload), environment, answer)

        ending = self._follow(header, body, memoryview(b""))
        kind, answer = reply(ending.answer)
        wire.send({"ev": "reply", "kind": kind, **evidence(ending, header)}, answer)

    def live(self, header: "wire.Header", _payload: memoryview) -> None:
        """Start a process that stays and answers requests; end the one before."""
        import letters
        import objects

        if self._live is not None:
            self._live.end()
            process.apart(self._sources.restore)
        if self._letters is None:
            self._letters = letters.Rooms()
        # INVARIANT: forgotten before the fork, as for a call.
        self._letters.forget()
        self._rooms.forget()
        self._room.forget()
        environment = FIXED_ENVIRONMENT | header["env"]
        child = process.Child(header, lambda _answer: objects.live(environment))
        self._live = letters.Letterbox(child, self._reaper, header["keep"], self._letters, tell)
        wire.send({"ev": "done"})

    def ask(self, header: "wire.Header", payload: memoryview) -> None:
        """Pass a request to the live process, and its answer back."""
        if self._live is None:
            raise OSError("there is no live process")
        self._live.post(payload)
        answer = self._live.wait()
        ending = self._live.ending
        if answer is None and ending is not None:
            wire.send({"ev": "reply", "kind": "none", **evidence(ending, header)})
        else:
            alive = {"code": 0, "signal": None, "flooded": False, "disk_full": False}
            wire.send({"ev": "reply", "kind": "value", **alive}, answer or b"")

    def read(self, header: "wire.Header", _payload: memoryview) -> None:
        """Read a file that the program left."""
        kind, size, detail = files.read(header["path"], header["most"], self._room)
        answer = {"ev": "file", "kind": kind, "size": size, "detail": detail}
        wire.send(answer, self._room.content)

    def _follow(
        self, header: "wire.Header", body: "process.Body", stdin: memoryview
    ) -> pump.Ending:
        # INVARIANT: forgotten before the fork, and filled again only after it.
        self._rooms.forget()
        child = process.Child(header, body)
        return pump.follow(child, self._reaper, stdin, header["keep"], self._rooms, tell)


def tell(stream: str, data: memoryview) -> None:
    """Pass on what a process wrote."""
    wire.send({"ev": "out", "stream": stream}, data)


def evidence(ending: pump.Ending, header: "wire.Header") -> "wire.Header":
    """Return what the host is told of an ending."""
    failed = ending.code != 0
    return {
        "code": ending.code,
        "signal": ending.signal,
        "flooded": ending.flooded,
        "disk_full": failed and process.apart(lambda: files.full(header["file_bytes"])),
    }


KINDS = {b"V": "value", b"E": "raised", b"R": "refused"}


def reply(answer: memoryview) -> tuple[str, bytes | memoryview]:
    """Return (kind, payload) of what stands on the answer's pipe."""
    if len(answer) > calls.ANSWER_MOST + 1:
        return "refused", f"the answer is over {calls.ANSWER_MOST} bytes".encode()
    return KINDS.get(bytes(answer[:1]), "none"), answer[1:]


def main() -> None:
    """Close the doors, then serve."""
    process.set_dumpable(0)
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    try:
        Guest().serve()
    except wire.HostGone:
        os._exit(0)


if __name__ == "__main__":
    main()
