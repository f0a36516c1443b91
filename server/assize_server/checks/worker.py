"""A process that judges: what it reads is hostile, so its CPU time and memory are bounded.

Started by `judges.py`; reads questions on standard input and answers on standard output, both as a
length and a pickle. Both ends are ours and of one version; what the candidate sent travels in them
as bytes and is decoded only in here.
"""

import os
import pickle
import resource
import signal
import sys
from typing import BinaryIO, Final

from assize_server.checks.questions import Question, answer

LENGTH_BYTES: Final = 8
CPU_SECONDS_MOST: Final = 20
"""For one question. The slowest honest one that we know takes 3 s."""
MEMORY_BYTES_MOST: Final = 2 * 1024**3
OUT_OF_MEMORY: Final = 77
"""The exit status of a worker that had no memory left for a question."""


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer questions until there are no more."""
    while length := source.read(LENGTH_BYTES):
        question: Question = pickle.loads(source.read(int.from_bytes(length)))  # noqa: S301
        grant_cpu_seconds(CPU_SECONDS_MOST)
        told = pickle.dumps(answer(question))
        sink.write(len(told).to_bytes(LENGTH_BYTES) + told)
        sink.flush()


def grant_cpu_seconds(seconds: int) -> None:
    """Let this process use that much CPU time from now on; the kernel kills it for more."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    until = int(spent.ru_utime + spent.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def main() -> None:
    """Serve the process that started this one, and end with it."""
    # Who stops a whole service signals all of its processes; one that drains still needs us.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MOST, MEMORY_BYTES_MOST))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints must not stand among the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(sys.stdin.buffer, sink)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
