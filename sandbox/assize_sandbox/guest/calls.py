"""Calls one function of the candidate's, in a process that was forked for it.

What is written to the answer's descriptor is the candidate's own word, whoever writes it.
"""

import importlib
import os
import sys

import compact
import instances
import values

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

ANSWER_MOST = 1 << 20
MESSAGE_MOST = 2000
NAMES_MOST = 20
NAME_MOST = 200
GUEST_MODULES = (
    "calls",
    "candidate",
    "compact",
    "descriptions",
    "files",
    "instances",
    "letters",
    "objects",
    "process",
    "pump",
    "readers",
    "scratch",
    "specials",
    "values",
    "wire",
)


def call(
    module: str,
    function: str,
    arguments: bytes,
    environment: "Mapping[str, str]",
    descriptor: int,
) -> "NoReturn":
    """Call it and write one letter and the answer: Value, raised Exception, or Refused."""
    os.environ.clear()
    os.environ.update(environment)
    args, kwargs = values.decode_call(arguments)
    forget_guest()
    try:
        target: Any = importlib.import_module(module)
        for name in function.split("."):
            target = getattr(target, name)
        result = target(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - the answer is that it raised
        answer = b"E" + compact.dumps(raised(error))
    else:
        answer = encoded(result)
    flush()
    view = memoryview(answer)
    while view:
        view = view[os.write(descriptor, view) :]
    os._exit(0)


def forget_guest() -> None:
    """Leave no module of ours where the candidate's could be shadowed by it."""
    for name in GUEST_MODULES:
        sys.modules.pop(name, None)
    sys.path[0] = "/workspace"
    sys.argv = ["-c"]


def encoded(result: object) -> bytes:
    """Return the answer for a value, or why it is none."""
    try:
        data = values.encode(result, parts=instances.Instances().parts)
    except values.Refused as error:
        return b"R" + str(error)[:MESSAGE_MOST].encode(errors="replace")
    if len(data) > ANSWER_MOST:
        return b"R" + f"the value takes {len(data)} bytes, at most {ANSWER_MOST}".encode()
    return b"V" + data


def raised(error: BaseException) -> dict[str, object]:
    """Return the names of an exception's class and of its builtin bases, and its message."""
    kind = type(error)
    bases = [base.__name__ for base in kind.__mro__[1:] if base.__module__ == "builtins"]
    names = [kind.__name__, *(name for name in bases if name != "object")]
    try:
        message = str(error)
    except BaseException as worse:  # noqa: BLE001 - the class is the candidate's
        message = f"its message cannot be shown: {type(worse).__name__}"
    short = [name[:NAME_MOST] for name in names[:NAMES_MOST]]
    return {"names": short, "message": message[:MESSAGE_MOST]}


def flush() -> None:
    """Write out what the candidate printed; os._exit would lose it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001, S110 - the stream may be the candidate's own
            pass
