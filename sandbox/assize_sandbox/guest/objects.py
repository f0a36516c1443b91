"""The candidate's side of a split test: its live objects, asked through messages.

Runs in a process of the candidate's, which may rewrite all of this: whatever is answered is its own
word. Plain data is answered as data. Everything else stays here, under a number (a handle).

A request is the tuple (verb, ...); an answer one of
    ("value", value, text, changed)    text: what was printed meanwhile, (stdout, stderr)
    ("raised", (class, bases, message, arguments, object, failure), text, changed)
    ("stopped", value, text, changed)  StopIteration
    ("ended", None, text, changed)     StopAsyncIteration
    ("callback", number, args, kwargs) the next request answers it
`changed` has the new value of every argument that is to be copied back; `failure` is the number of
the callback's exception that this is.
"""

import copy
import importlib
import io
import operator
import os
import sys

import calls
import letters
import specials
import values
from descriptions import described_exception, described_module, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEXT_MOST = 256 * 1024
OPERATIONS: "dict[str, Any]" = {
    name: getattr(operator, name, None) or getattr(operator, f"{name}_", None)
    for name in (*specials.UNARY, *specials.BINARY, *specials.IN_PLACE, "eq", "ne", "lt", "le")
} | {
    "ge": operator.ge, "gt": operator.gt, "truth": bool, "len": len, "iter": iter, "next": next,
    "reversed": reversed, "hash": hash, "str": str, "repr": repr, "format": format, "int": int,
    "float": float, "complex": complex, "round": round, "divmod": divmod, "bytes": bytes,
    "aiter": aiter, "pow": pow, "copy": copy.copy,
    "deepcopy": lambda thing, _known: copy.deepcopy(thing),
}  # fmt: skip


class Objects:
    """The table of live objects."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._names: dict[type, str] = {}

    def keep(self, thing: "Any") -> "tuple[int, str, str]":
        """Return number, kind and name of an object, keeping it alive."""
        if member := member_name(thing):
            return 0, "member", f"{member}|{specials.mask_of(type(thing)):x}"
        number = self._numbers.get(id(thing))
        if number is None:
            number = len(self._kept)
            self._kept.append(thing)
            self._numbers[id(thing)] = number
        if isinstance(thing, type):
            return number, "class", f"{path_of(thing)}|{specials.mask_of(type(thing)):x}"
        kind = type(thing)
        if kind not in self._names:
            self._names[kind] = f"{path_of(kind)}|{specials.mask_of(kind):x}"
        return number, "error" if isinstance(thing, BaseException) else "object", self._names[kind]

    def find(self, number: int) -> "Any":
        """Return the object of a number."""
        return self._kept[number]


def member_name(thing: "Any") -> str:
    """Return the path of an enumeration's member; empty if it is none, or has no path."""
    enum = sys.modules.get("enum")
    if enum is None or not isinstance(thing, enum.Enum) or not isinstance(thing.name, str):
        return ""
    path = f"{path_of(type(thing))}.{thing.name}"
    return path if "<" not in path and "|" not in path else ""


class Callback:
    """A function of the tests', called from here."""

    def __init__(self, server: "Server", number: int) -> None:
        self._server = server
        self._number = number

    def __call__(self, *args: "Any", **kwargs: "Any") -> "Any":
        """Ask the tests, and answer what they ask meanwhile."""
        server = self._server
        letters.child_sends(server.encoded(("callback", self._number, args, kwargs)))
        while True:
            message = letters.child_receives()
            request = server.decoded(message)
            if request[0] == "returned":
                return request[1]
            if request[0] == "failed":
                told, number = request[1]
                error = raised_from(*told)
                server.failures[id(error)] = error, number
                raise error
            letters.child_sends(server.answer(message))


def raised_from(thing: "Any", args: "Any") -> BaseException:
    """Return an exception that the tests tell: an object from here, or a class and arguments."""
    if isinstance(thing, BaseException):
        return thing
    try:
        error = thing(*args)
    except Exception:  # noqa: BLE001 - a class that wants other arguments
        error = None
    return error if isinstance(error, BaseException) else RuntimeError(*args)


class Server:
    """Answers requests until the guest goes away."""

    def __init__(self) -> None:
        self._objects = Objects()
        self._loop: Any = None
        self.failures: dict[int, tuple[BaseException, int]] = {}
        """Exceptions of callbacks, by identity, with their numbers."""

    def serve(self) -> None:
        """Answer one request after the other."""
        while True:
            letters.child_sends(self.answer(letters.child_receives()))
            self.failures.clear()

    def encoded(self, message: "Any") -> bytes:
        """Return what goes to the tests."""
        return values.encode(message, self._objects.keep)

    def decoded(self, message: bytes) -> "Any":
        """Return what comes from the tests."""
        return values.decode(message, self._find)

    def _find(self, number: int, kind: str, name: str) -> "Any":
        if kind == "callback":
            return Callback(self, number)
        if kind == "named":
            return named(name)
        return self._objects.find(number)

    def answer(self, message: bytes) -> bytes:
        """Carry out a request."""
        text = Captured()
        changed: list[Any] = []
        try:
            with text:
                verb, *parts = self.decoded(message)
                result = ("value", getattr(self, f"do_{verb}")(changed, *parts))
        except StopIteration as error:
            result = ("stopped", error.value)
        except StopAsyncIteration:
            result = ("ended", None)
        except BaseException as error:  # noqa: BLE001 - the tests are told
            result = ("raised", self._raised(error))
        told = text.told()
        try:
            return self.encoded((*result, told, tuple(changed)))
        except values.Refused as error:
            return self.encoded(("raised", self._unanswerable(result, error), told, ()))

    def _raised(self, error: BaseException) -> "tuple[Any, ...]":
        _, failure = self.failures.get(id(error), (None, None))
        # Its frames hold whatever the call held.
        return (*described_exception(error), error.with_traceback(None), failure)

    def _unanswerable(self, result: "tuple[str, Any]", why: Exception) -> "tuple[Any, ...]":
        kind, value = result
        if kind == "raised":
            path, bases, message, _, error, failure = value
            return path, bases, message, (message,), error, failure
        return (*described_exception(TypeError(f"the answer is not plain: {why}")), None, None)

    def do_import(self, _changed: "list[Any]", name: str) -> "Any":
        """Import a module; describe its names."""
        return described_module(importlib.import_module(name))

    def do_call(
        self, changed: "list[Any]", thing: "Any", args: "Any", kwargs: "Any", back: "Any"
    ) -> "Any":
        """Call something; tell what became of the arguments in `back`."""
        result = thing(*args, **kwargs)
        changed.extend(args[key] if type(key) is int else kwargs[key] for key in back)
        return result

    def do_method(
        self, changed: "list[Any]", thing: "Any", name: str, args: "Any", kwargs: "Any", back: "Any"
    ) -> "Any":
        """Call a method."""
        return self.do_call(changed, getattr(thing, name), args, kwargs, back)

    def do_get(self, _changed: "list[Any]", thing: "Any", name: str) -> "Any":
        """Return an attribute."""
        return getattr(thing, name)

    def do_get_from(self, _changed: "list[Any]", module: str, name: str) -> "Any":
        """Return what a module holds."""
        return getattr(imported(module), name)

    def do_set(self, _changed: "list[Any]", thing: "Any", name: str, value: "Any") -> None:
        """Set an attribute."""
        setattr(thing, name, value)

    def do_del(self, _changed: "list[Any]", thing: "Any", name: str) -> None:
        """Delete an attribute."""
        delattr(thing, name)

    def do_operate(self, _changed: "list[Any]", name: str, args: "Any") -> "Any":
        """Apply one of Python's operations."""
        return OPERATIONS[name](*args)

    def do_describe(self, _changed: "list[Any]", error: "Any") -> "Any":
        """Describe an exception that was returned, not raised."""
        return described_exception(error)

    def do_leave(self, _changed: "list[Any]", thing: "Any", method: str, told: "Any") -> bool:
        """Leave a context; tell whether it suppresses the exception."""
        error = None if told is None else raised_from(*told)
        left = getattr(thing, method)(
            *([None] * 3 if error is None else [type(error), error, None])
        )
        return bool(self._waited(left) if method == "__aexit__" else left)

    def do_await(self, _changed: "list[Any]", awaitable: "Any") -> "Any":
        """Wait for an awaitable."""
        return self._waited(awaitable)

    def _waited(self, awaitable: "Any") -> "Any":
        """Wait on this process's own event loop."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def waiting() -> "Any":
            return await awaitable

        return self._loop.run_until_complete(waiting())


def named(path: str) -> "Any":
    """Return what `module:dotted.name` stands for."""
    module, _, name = path.partition(":")
    found: Any = imported(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def imported(module: str) -> "Any":
    """Return a module; what it prints was told when the tests imported it."""
    if module in sys.modules:
        return sys.modules[module]
    with Captured():
        return importlib.import_module(module)


class Captured:
    """What is printed while a request is carried out."""

    def __init__(self) -> None:
        self._streams = (io.StringIO(), io.StringIO())

    def __enter__(self) -> None:
        """Print to us from now on."""
        self._before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._streams

    def __exit__(self, *_: object) -> None:
        """Print where it was printed before."""
        sys.stdout, sys.stderr = self._before

    def told(self) -> tuple[str, str]:
        """Return both texts."""
        out, err = (stream.getvalue()[:TEXT_MOST] for stream in self._streams)
        return out, err


def live(environment: "dict[str, str]") -> None:
    """Be the candidate's live process."""
    os.environ.clear()
    os.environ.update(environment)
    letters.read_by_child()
    calls.forget_guest()
    try:
        Server().serve()
    except EOFError:
        os._exit(0)
