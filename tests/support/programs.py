"""Programs in two forms: the source that real engines run, and what the fake does for it.

The conformance suite runs each on every engine and asks for the same end.
"""

import math
from dataclasses import dataclass, field

from assize.values.tree import Value
from assize_sandbox.codec import encode
from assize_sandbox.engines.fake import Answer, Behaviour
from assize_sandbox.limits import Limits, Shape

MIB = 1024 * 1024
SHAPE = Shape(memory_bytes=96 * MIB, pids=16, disk_bytes=4 * MIB, disk_inodes=128)
LIMITS = Limits(
    shape=SHAPE,
    wall_seconds=20.0,
    cpu_seconds=20.0,
    output_bytes=4096,
    file_bytes=2 * MIB,
    open_files=64,
)


@dataclass(frozen=True)
class Program:
    """A program, as source and as behaviour."""

    source: bytes
    behaviour: Behaviour = field(default_factory=Behaviour)


HELLO = Program(b"print('hello')\n", Behaviour(stdout=b"hello\n"))
EXITS_7 = Program(b"raise SystemExit(7)\n", Behaviour(exit_code=7))
COMPLAINS = Program(
    b"import sys\nsys.stderr.write('no good')\nraise SystemExit(1)\n",
    Behaviour(stderr=b"no good", exit_code=1),
)
ECHOES = Program(b"import sys\nsys.stdout.write(sys.stdin.read())\n", Behaviour(echoes_stdin=True))
NEVER_READS = Program(b"print('deaf')\n", Behaviour(stdout=b"deaf\n"))
SLEEPS = Program(
    b"import time\nprint('asleep', flush=True)\nwhile True: time.sleep(1)\n",
    Behaviour(stdout=b"asleep\n", wall_seconds=math.inf),
)
BURNS = Program(b"while True: pass\n", Behaviour(wall_seconds=math.inf, cpu_share=1.0))
EATS_MEMORY = Program(
    b"blocks = [b'x' * 1000000 for _ in range(1000)]\n",
    Behaviour(memory_bytes=1000 * MIB),
)
FORKS = Program(
    b"import os, signal\nfor _ in range(1000):\n    if os.fork() == 0: signal.pause()\n",
    Behaviour(processes=1000),
)
FILLS_DISK = Program(
    b"for n in range(100):\n    open(f'/workspace/f{n}', 'wb').write(b'x' * 1000000)\n",
    Behaviour(disk_bytes=100 * MIB),
)
FLOODS = Program(
    b"import sys\nwhile True: sys.stdout.write('y\\n' * 4096)\n",
    Behaviour(floods=True),
)
WRITES_5000 = Program(
    b"print('a' * 2500 + 'b' * 2499)\n", Behaviour(stdout=b"a" * 2500 + b"b" * 2499 + b"\n")
)
ABORTS = Program(b"import os\nos.abort()\n", Behaviour(signal=6))
LEAVES_FILE = Program(
    b"import os\nos.makedirs('out')\nopen('out/answer.txt', 'w').write('42')\n",
    Behaviour(files={"out/answer.txt": b"42"}),
)
LEAVES_LINK = Program(
    b"import os\nos.symlink('/etc/passwd', 'secret')\n", Behaviour(links=frozenset({"secret"}))
)

_FUNCTIONS = b"""
import os, sys, time

def answer():
    return 42

def wrong():
    raise KeyError('nothing')

def silent():
    os._exit(0)

def object_():
    return object()

def forever():
    while True:
        time.sleep(1)
"""


def functions(value: Value) -> Program:
    """Return a module whose `answer` returns `value`, which must be 42."""
    answers = {
        "answer": Answer(payload=encode(value)),
        "wrong": Answer("raised", b'{"names": ["KeyError", "LookupError"], "message": "nothing"}'),
        "silent": Answer("none"),
        "object_": Answer("refused", b"object is not plain data"),
    }
    return Program(_FUNCTIONS, Behaviour(answers=answers))


FUNCTIONS = functions(42)
ENDLESS_FUNCTION = Program(
    b"import time\ndef forever():\n    while True: time.sleep(1)\n",
    Behaviour(wall_seconds=math.inf),
)

ALL = [value for value in list(globals().values()) if isinstance(value, Program)]
BEHAVIOURS = {program.source: program.behaviour for program in ALL}
