"""The candidate's side of a split test: its live objects, asked through messages.

Runs in a process of the candidate's, which may rewrite all of this: whatever is answered is its own
word. Plain data is answered as data. Everything else stays here, under a number (a handle).

A request is the tuple (verb, ...); an answer one of
    ("value", value, text, changed)    text: what was printed meanwhile, (stdout, stderr)
    ("raised", (class, builtin bases, message, arguments), text, changed)
    ("stopped", value, text, changed)  StopIteration or StopAsyncIteration
    ("callback", number, args, kwargs) the next request answers it
`changed` has the new value of every argument that is to be copied back.
"""

import builtins
import importlib
import inspect
import io
import operator
import os
import sys
import types

import calls
import letters
import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEXT_MOST = 256 * 1024
MESSAGE_MOST = 2000
NAMES_MOST = 1000
OPERATIONS: "dict[str, Any]" = {
    **{
        name: getattr(operator, name)
        for name in [
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "pow",
            "lshift",
            "rshift",
            "and_",
            "or_",
            "xor",
            "matmul",
            "neg",
            "pos",
            "abs",
            "invert",
            "getitem",
            "setitem",
            "delitem",
            "contains",
            "index",
            "iadd",
            "isub",
            "imul",
        ]
    },
    "truth": bool,
    "len": len,
    "iter": iter,
    "next": next,
    "reversed": reversed,
    "hash": hash,
    "str": str,
    "repr": repr,
    "format": format,
    "int": int,
    "float": float,
    "complex": complex,
    "round": round,
    "divmod": divmod,
    "bytes": bytes,
    "aiter": aiter,
}


class Objects:
    """The table of live objects."""

    def __init__(self) -> None:
        self._kept: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}

    def keep(self, thing: "Any") -> "tuple[int, str, str]":
        """Return number, kind and class of an object, keeping it alive."""
        number = self._numbers.get(id(thing))
        if number is None:
            number = len(self._kept) + 1
            self._kept[number] = thing
            self._numbers[id(thing)] = number
        return number, kind_of(thing), path_of(type(thing))

    def find(self, number: int) -> "Any":
        """Return the object of a number."""
        return self._kept[number]


class Callback:
    """A function of the tests', called from here."""

    def __init__(self, server: "Server", number: int) -> None:
        self._server = server
        self._number = number

    def __call__(self, *args: "Any", **kwargs: "Any") -> "Any":
        """Ask the tests, and answer what they ask meanwhile."""
        self._server.send(("callback", self._number, args, kwargs))
        while True:
            request = self._server.receive()
            if request[0] == "returned":
                return request[1]
            if request[0] == "failed":
                name, message = request[1]
                raise getattr(builtins, name, RuntimeError)(message)
            letters.child_sends(self._server.answer(request))


def kind_of(thing: "Any") -> str:
    """Return what the tests need to know of an object to stand in for it."""
    if isinstance(thing, type):
        return "class"
    if inspect.ismodule(thing):
        return "module"
    if inspect.iscoroutine(thing) or inspect.isawaitable(thing):
        return "awaitable"
    if inspect.iscoroutinefunction(thing):
        return "coroutine_function"
    if callable(thing) and isinstance(
        thing, types.FunctionType | types.MethodType | types.BuiltinFunctionType
    ):
        return "function"
    return "instance"


def path_of(kind: type) -> str:
    """Return a class as `module:qualified.name`."""
    return f"{kind.__module__}:{kind.__qualname__}"


class Server:
    """Answers requests until the guest goes away."""

    def __init__(self) -> None:
        self._objects = Objects()
        self._loop: Any = None

    def serve(self) -> None:
        """Answer one request after the other."""
        while True:
            letters.child_sends(self.answer(self.receive()))

    def send(self, message: "Any") -> None:
        """Send something that is no answer."""
        letters.child_sends(values.encode(message, self._objects.keep))

    def receive(self) -> "Any":
        """Wait for what the tests send."""
        return values.decode(letters.child_receives(), self._find)

    def _find(self, number: int, kind: str, _name: str) -> "Any":
        return Callback(self, number) if kind == "callback" else self._objects.find(number)

    def answer(self, request: "Any") -> bytes:
        """Carry out a request."""
        verb, *parts = request
        text = Captured()
        changed: list[Any] = []
        try:
            with text:
                result = ("value", getattr(self, f"do_{verb}")(changed, *parts))
        except (StopIteration, StopAsyncIteration) as error:
            result = ("stopped", getattr(error, "value", None))
        except BaseException as error:  # noqa: BLE001 - the tests are told
            result = ("raised", described(error))
        return self._encoded(result, text, changed)

    def _encoded(self, result: "tuple[str, Any]", text: "Captured", changed: "list[Any]") -> bytes:
        kind, value = result
        try:
            return values.encode((kind, value, text.told(), tuple(changed)), self._objects.keep)
        except values.Refused as error:
            told = ("builtins:TypeError", ("TypeError",), f"the answer is not plain: {error}", ())
            return values.encode(("raised", told, text.told(), ()))

    def do_import(self, _changed: "list[Any]", name: str) -> "Any":
        """Import a module; describe its public names."""
        module = importlib.import_module(name)
        listed = getattr(module, "__all__", None)
        names = [each for each in dir(module) if not each.startswith("__")]
        described_names = [
            (each, *description(getattr(module, each), name)) for each in names[:NAMES_MOST]
        ]
        return described_names, None if listed is None else [str(each) for each in listed]

    def do_call(
        self, changed: "list[Any]", target: "Any", args: "Any", kwargs: "Any", back: "Any"
    ) -> "Any":
        """Call something; tell what became of the arguments in `back`."""
        result = resolved(target)(*args, **kwargs)
        changed.extend((key, args[key] if type(key) is int else kwargs[key]) for key in back)
        return result

    def do_get(self, _changed: "list[Any]", target: "Any", name: str) -> "Any":
        """Return an attribute."""
        return getattr(resolved(target), name)

    def do_set(self, _changed: "list[Any]", target: "Any", name: str, value: "Any") -> None:
        """Set an attribute."""
        setattr(resolved(target), name, value)

    def do_del(self, _changed: "list[Any]", target: "Any", name: str) -> None:
        """Delete an attribute."""
        delattr(resolved(target), name)

    def do_operate(self, _changed: "list[Any]", name: str, args: "Any") -> "Any":
        """Apply one of Python's operations."""
        return OPERATIONS[name](*args)

    def do_await(self, _changed: "list[Any]", awaitable: "Any") -> "Any":
        """Wait for an awaitable on this process's own event loop."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def waiting() -> "Any":
            return await awaitable

        return self._loop.run_until_complete(waiting())


def resolved(target: "Any") -> "Any":
    """Return the object of a target: itself, or `(module, dotted name)`."""
    if type(target) is not tuple:
        return target
    module, name = target
    found: Any = importlib.import_module(module)
    for part in name.split(".") if name else ():
        found = getattr(found, part)
    return found


def description(thing: "Any", module: str) -> "tuple[str, Any]":
    """Return how a module's attribute is to be stood in for."""
    if isinstance(thing, type):
        return "class", described_class(thing)
    if inspect.ismodule(thing):
        return "module", thing.__name__
    if callable(thing) and not isinstance(thing, type) and hasattr(thing, "__code__"):
        return kind_of(thing), signature_of(thing)
    try:
        values.encode(thing)
    except values.Refused:
        return "object", None
    return "plain", thing


def described_class(kind: type) -> "Any":
    """Return a class's path, its bases, and what its members are."""
    members = []
    for name in dir(kind):
        if name.startswith("__") and name != "__call__":
            continue
        found = inspect.getattr_static(kind, name)
        if isinstance(found, staticmethod | classmethod):
            members.append((name, "static", signature_of(getattr(kind, name))))
        elif isinstance(found, types.FunctionType):
            members.append((name, kind_of(found), signature_of(found)))
        else:
            members.append((name, "attribute", None))
    bases = [path_of(base) for base in kind.__mro__[1:] if base is not object]
    special = [name for name in dir(kind) if name.startswith("__")]
    signature = signature_of(kind) if not issubclass(kind, BaseException) else None
    return path_of(kind), bases, members, special, signature


def signature_of(thing: "Any") -> "Any":
    """Return a signature as (name, kind, default) each; defaults that are not plain as text."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    told = []
    for parameter in parameters:
        default: Any = ()
        if parameter.default is not parameter.empty:
            default = ("plain", parameter.default)
            try:
                values.encode(parameter.default)
            except values.Refused:
                default = ("shown", repr(parameter.default)[:MESSAGE_MOST])
        told.append((parameter.name, int(parameter.kind), default))
    return told


def described(error: BaseException) -> "Any":
    """Return an exception as data: its class, its builtin bases, message and plain arguments."""
    kind = type(error)
    bases = [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"]
    try:
        message = str(error)[:MESSAGE_MOST]
    except BaseException:  # noqa: BLE001 - the class is the candidate's
        message = ""
    try:
        values.encode(error.args)
        arguments = error.args
    except BaseException:  # noqa: BLE001
        arguments = (message,)
    return path_of(kind), tuple(bases), message, arguments


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
