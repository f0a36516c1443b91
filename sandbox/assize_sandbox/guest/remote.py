"""The tests' side of a split test: stand-ins for the candidate's modules, classes and objects.

Runs in the test sandbox, where no file of the candidate's is. Importing one of its modules makes a
module of stand-ins; calling one of those sends plain data to the candidate's sandbox and waits for
the answer. What comes back is hostile, and is either plain data of exact types, or the number of an
object that stays there.

Who asks such an object a question whose answer decides an assertion (`==`, `bool`, `in`,
`isinstance`) leans on what the candidate defines; that is noted, and the test's assurance falls.
"""

import builtins
import importlib.abc
import importlib.machinery
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

import letters
import values

REFUSED_BASES = frozenset(
    {"BaseException", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration",
     "StopAsyncIteration", "BaseExceptionGroup", "ExceptionGroup"}
)  # fmt: skip
"""Builtins that a test runner, or Python itself, gives a meaning of its own."""
QUESTIONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "truth", "contains", "hash"})
"""Operations whose answer is the candidate's opinion."""
TAKEN_NAMES = frozenset(dir(builtins)) | sys.stdlib_module_names | {
    "given", "hypothesis", "np", "numpy", "settings", "st", "strategies", "assume", "example",
}  # fmt: skip
"""Names that `import *` never brings: tests that use one mean the real thing."""


class CandidateGone(BaseException):
    """The candidate's process died while it was asked. No test may catch it as an Exception."""


class Refusal(TypeError):
    """The tests asked for something that does not cross the boundary; the message says what."""


class Link:
    """The one way to the candidate."""

    def __init__(self, *, callbacks: bool, back: "dict[str, list[int | str]]") -> None:
        self._callbacks_allowed = callbacks
        self._back = back
        self._kept: dict[int, Any] = {}
        self.leaned = False
        """Whether a question was put to an object of the candidate's."""
        self.gone = ""
        """Why the candidate's process is dead, if it is."""
        self._classes: dict[str, type] = {}
        self._instances: dict[str, type] = {}
        self._life = 0

    def fresh(self) -> None:
        """Have a new process of the candidate's; what the old one held is lost."""
        letters.child_sends(b"F")
        letters.child_receives()
        self.gone = ""
        self._life += 1

    def back(self, name: str) -> "list[int | str]":
        """Return which arguments of a function are copied back."""
        return self._back.get(name, [])

    def ask(self, *request: Any) -> Any:
        """Put a request and return the value that answers it.

        Raises:
            CandidateGone: The process died.
            Exception: What the candidate raised, as a stand-in.
        """
        outcome, value, text, changed = self._exchange(request)
        for stream, printed in zip((sys.stdout, sys.stderr), text, strict=True):
            if printed:
                stream.write(printed)
        if outcome == "raised":
            raise self.exception(value)
        if outcome == "stopped":
            raise StopIteration(value)
        return value, changed

    def _exchange(self, request: Any) -> Any:
        while True:
            letters.child_sends(b"A" + values.encode(request, self._keep))
            answer = letters.child_receives()
            if answer[:1] != b"V":
                self.gone = answer[1:].decode(errors="replace") or "its process ended"
                raise CandidateGone(self.gone)
            try:
                told = values.decode(answer[1:], self._find)
                if told[0] == "callback":
                    request = self._called_back(*told[1:])
                    continue
                outcome, value, (out, err), changed = told
            except Exception as error:
                self.gone = f"its answer cannot be read: {type(error).__name__}"
                raise CandidateGone(self.gone) from error
            return outcome, value, (str(out), str(err)), changed

    def _called_back(self, number: int, args: Any, kwargs: Any) -> Any:
        try:
            return "returned", self._kept[number](*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - goes back to whoever called
            return "failed", (type(error).__name__, str(error))

    def _keep(self, thing: object) -> "tuple[int, str, str]":
        """Name something that is not plain and goes to the candidate."""
        if type(type(thing)) is RemoteType or type(thing) is Bound:
            if object.__getattribute__(thing, "_assize_life") != self._life:
                raise Refusal(
                    "this object belonged to a process of the candidate's that is gone: make it "
                    "inside the test, or say `lifetime: suite` in the spec"
                )
            return object.__getattribute__(thing, "_assize_number"), "theirs", ""
        if isinstance(thing, Function):
            raise Refusal(f"{thing!r} is the candidate's; pass what it returns, not itself")
        if callable(thing) and self._callbacks_allowed:
            self._kept[id(thing)] = thing
            return self._number_of(thing), "callback", ""
        if callable(thing):
            raise Refusal(
                f"{thing!r} is a function of the tests, and the candidate may not call it: "
                "say `callbacks: true` in the spec to allow it"
            )
        raise Refusal(f"an object of type {type(thing).__name__} is not plain data")

    def _number_of(self, thing: object) -> int:
        number = len(self._kept)
        self._kept[number] = thing
        return number

    def _find(self, number: int, kind: str, name: str) -> Any:
        """Return the stand-in of an object that stays with the candidate."""
        if kind in {"function", "coroutine_function"}:
            return Bound(self, number, self._life)
        kind_class = self._instances.get(name, Remote)
        made = object.__new__(kind_class)
        object.__setattr__(made, "_assize_link", self)
        object.__setattr__(made, "_assize_number", number)
        object.__setattr__(made, "_assize_life", self._life)
        return made

    def exception(self, told: Any) -> Exception:
        """Return the stand-in of an exception: a plain builtin, or the candidate's own class."""
        path, bases, message, arguments = told
        kind = self._classes.get(path)
        if kind is None:
            kind = exception_class(path, bases)
            self._classes[path] = kind
        try:
            made = kind(*arguments)
        except Exception:  # noqa: BLE001 - a builtin that wants other arguments
            made = Exception.__new__(kind)
            made.args = (message,)
        return made

    def learn(self, path: str, kind: type) -> None:
        """Know a class by its path.

        Objects get a hidden subclass of it: `isinstance` asks nobody where the type is the very
        same, and we must know that it was asked.
        """
        self._classes[path] = kind
        if isinstance(kind, RemoteType):
            hidden = {"__slots__": (), "__module__": kind.__module__, "__test__": False}
            self._instances[path] = RemoteType(kind.__name__, (kind,), hidden)


def exception_class(path: str, bases: "tuple[str, ...]") -> "type[Exception]":
    """Return a class that `except` and `pytest.raises` take for the candidate's."""
    module, _, name = path.partition(":")
    known = [getattr(builtins, base, None) for base in bases if base not in REFUSED_BASES]
    plain = [base for base in known if isinstance(base, type) and issubclass(base, Exception)]
    nearest: type[Exception] = plain[0] if plain else Exception
    if module == "builtins" and nearest.__name__ == name:
        return nearest
    return type(name.rpartition(".")[2] or "Unknown", (nearest,), {"__module__": module})


class Function:
    """Stands in for a function of a module or a class."""

    __test__ = False

    def __init__(self, link: Link, module: str, name: str, signature: Any) -> None:
        self._link = link
        self._target = (module, name)
        self.__name__ = name.rpartition(".")[2]
        self.__qualname__ = name
        self.__module__ = module
        if signature is not None:
            self.__signature__ = signature_from(signature)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the candidate's function."""
        return called(self._link, self._target, self._target[1], args, kwargs)

    def __repr__(self) -> str:
        """Show whose it is."""
        return f"<the candidate's {'.'.join(self._target)}>"


def called(link: Link, target: Any, name: str, args: Any, kwargs: Any) -> Any:
    """Call something of the candidate's, and copy back the arguments that the spec names."""
    back = [key for key in link.back(name) if key in kwargs or (type(key) is int and key < len(args))]
    value, changed = link.ask("call", target, args, kwargs, tuple(back))
    for key, new in changed:
        replace_content(args[key] if type(key) is int else kwargs[key], new)
    return value


def replace_content(old: Any, new: Any) -> None:
    """Make a list, a dict or a set hold what another one of its type holds."""
    if type(old) is not type(new) or type(old) not in {list, dict, set}:
        raise Refusal(f"a {type(old).__name__} cannot be copied back from a {type(new).__name__}")
    old.clear()
    if type(old) is list:
        old.extend(new)
    else:
        old.update(new)


class Bound:
    """Stands in for a function that is an object: a method, a closure, a lambda."""

    def __init__(self, link: Link, number: int, life: int) -> None:
        self._assize_link = link
        self._assize_number = number
        self._assize_life = life

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return called(self._assize_link, self, "", args, kwargs)


def signature_from(told: Any) -> inspect.Signature:
    """Return a signature as the candidate's module has it."""
    parameters = []
    for name, kind, default in told:
        value: Any = inspect.Parameter.empty
        if default:
            value = default[1] if default[0] == "plain" else Shown(default[1])
        parameters.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=value))
    return inspect.Signature(parameters)


class Shown:
    """A default that is not plain data; only how it looks is known."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        """Look like it."""
        return self._text


class RemoteType(type):
    """The class of stand-in classes."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, over there."""
        link, target = cls._assize_link, cls._assize_target  # type: ignore[attr-defined]
        return called(link, target, target[1], args, kwargs)

    def __instancecheck__(cls, thing: Any) -> bool:
        """Believe what the candidate says its object is, and note that it was asked."""
        if isinstance(type(thing), RemoteType):
            _link(thing).leaned = True
        return super().__instancecheck__(thing)

    def __setattr__(cls, name: str, value: Any) -> None:
        """Refuse: patching a stand-in would patch nothing over there."""
        raise Refusal(f"{cls.__name__}.{name} cannot be patched: the class is the candidate's")

    def __getattr__(cls, name: str) -> Any:
        """Return a class attribute."""
        if name.startswith("_assize"):
            raise AttributeError(name)
        link, (module, path) = cls._assize_link, cls._assize_target  # type: ignore[attr-defined]
        return link.ask("get", (module, path), name)[0]


class Remote(metaclass=RemoteType):
    """Stands in for an object of the candidate's."""

    _assize_number: int

    def __getattr__(self, name: str) -> Any:
        """Return an attribute."""
        return _link(self).ask("get", self, name)[0]

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, over there."""
        _link(self).ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute, over there."""
        _link(self).ask("del", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return called(_link(self), self, "", args, kwargs)

    def __next__(self) -> Any:
        """Return the next item."""
        return _link(self).ask("operate", "next", (self,))[0]

    def __enter__(self) -> Any:
        """Enter it as a context."""
        return self.__getattr__("__enter__")()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        """Leave it as a context; an exception goes as None or as its text."""
        leave = self.__getattr__("__exit__")
        return leave(None, None, None) if error is None else leave(None, str(error), None)

    def __await__(self) -> Any:
        """Wait for it, over there."""
        yield from ()
        return _link(self).ask("await", self)[0]

    async def __anext__(self) -> Any:
        """Return the next item of an asynchronous iterator."""
        try:
            return _link(self).ask("await", self.__getattr__("__anext__")())[0]
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Any:
        """Enter it as an asynchronous context."""
        return _link(self).ask("await", self.__getattr__("__aenter__")())[0]

    async def __aexit__(self, *_: Any) -> Any:
        """Leave it."""
        return _link(self).ask("await", self.__getattr__("__aexit__")(None, None, None))[0]


def _link(thing: Remote) -> Link:
    found: Link = object.__getattribute__(thing, "_assize_link")
    return found


def _operation(name: str, *, swapped: bool = False) -> "Callable[..., Any]":
    def operate(self: Remote, *args: Any) -> Any:
        link = _link(self)
        if name in QUESTIONS:
            link.leaned = True
        operands = (*args, self) if swapped else (self, *args)
        return link.ask("operate", name, operands)[0]

    return operate


_SPECIAL = {
    "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "hash": "hash",
    "bool": "truth", "len": "len", "iter": "iter", "reversed": "reversed", "contains": "contains",
    "getitem": "getitem", "setitem": "setitem", "delitem": "delitem", "neg": "neg", "pos": "pos",
    "abs": "abs", "invert": "invert", "int": "int", "float": "float", "complex": "complex",
    "round": "round", "index": "index", "str": "str", "repr": "repr", "format": "format",
    "bytes": "bytes", "iadd": "iadd", "isub": "isub", "imul": "imul", "aiter": "aiter",
}  # fmt: skip
_BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "truediv", "floordiv": "floordiv",
    "mod": "mod", "divmod": "divmod", "pow": "pow", "lshift": "lshift", "rshift": "rshift",
    "and": "and_", "or": "or_", "xor": "xor", "matmul": "matmul",
}  # fmt: skip
for _name, _operator in (_SPECIAL | _BINARY).items():
    type.__setattr__(Remote, f"__{_name}__", _operation(_operator))
for _name, _operator in _BINARY.items():
    type.__setattr__(Remote, f"__r{_name}__", _operation(_operator, swapped=True))


def stand_in_class(link: Link, module: str, name: str, told: Any) -> type:
    """Return the stand-in of a class."""
    path, bases, members, _special, signature = told
    builtin_bases = tuple(base.partition(":")[2] for base in bases if base.startswith("builtins:"))
    if "BaseException" in builtin_bases:
        kind: type = exception_class(path, builtin_bases)
        link.learn(path, kind)
        return kind
    inside: dict[str, Any] = {
        "_assize_link": link,
        "_assize_target": (module, name),
        "__module__": module,
        "__qualname__": name,
        "__slots__": (),
        "__test__": False,
    }
    for member, what, member_signature in members:
        if what == "static":
            inside[member] = staticmethod(Function(link, module, f"{name}.{member}", member_signature))
        elif what in {"function", "coroutine_function"}:
            inside[member] = Method(member, member_signature)
    if signature is not None:
        inside["__signature__"] = signature_from(signature)
    kind = RemoteType(name, (Remote,), inside)
    link.learn(path, kind)
    return kind


class Method:
    """A descriptor: a method of a stand-in class."""

    def __init__(self, name: str, signature: Any) -> None:
        self._name = name
        if signature is not None:
            self.__signature__ = signature_from(signature)

    def __get__(self, thing: Any, owner: Any = None) -> Any:
        """Bind it to an object."""
        if thing is None:
            return self
        name = self._name

        def bound(*args: Any, **kwargs: Any) -> Any:
            link = _link(thing)
            method = link.ask("get", thing, name)[0]
            return method(*args, **kwargs)

        return bound


class Module(types.ModuleType):
    """Stands in for a module of the candidate's."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse what does not come from the import system: it would patch nothing over there."""
        if name.startswith("__") or isinstance(value, Module):
            super().__setattr__(name, value)
            return
        raise Refusal(
            f"{self.__name__}.{name} cannot be patched: the module runs in the candidate's sandbox"
        )

    def __delattr__(self, name: str) -> None:
        """Refuse."""
        raise Refusal(f"{self.__name__}.{name} cannot be deleted: it is the candidate's")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the candidate's modules as stand-ins."""

    def __init__(self, modules: "frozenset[str]", fill: "Callable[[Module], None]") -> None:
        self._modules = modules
        self._fill = fill

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Find a module of the candidate's, or a package that holds one."""
        if name in self._modules or any(each.startswith(f"{name}.") for each in self._modules):
            spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
            return spec
        return None

    def create_module(self, spec: Any) -> Module:
        """Make an empty stand-in."""
        return Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        if isinstance(module, Module):
            self._fill(module)


def fill_from(link: Link) -> "Callable[[Module], None]":
    """Return what fills a module with the candidate's public names."""

    def fill(module: Module) -> None:
        (described, listed), _ = link.ask("import", module.__name__)
        inside = module.__dict__
        for name, what, told in described:
            if what != "module" and not name.startswith("pytest"):
                inside[name] = stand_in(link, module.__name__, name, what, told)
        names = listed if listed is not None else [each[0] for each in described]
        public = [name for name in names if name in inside and not name.startswith("_")]
        inside["__all__"] = [name for name in public if name not in TAKEN_NAMES]

    return fill


def stand_in(link: Link, module: str, name: str, what: str, told: Any) -> Any:
    """Return what stands for one name of a module."""
    if what == "plain":
        return told
    if what == "class":
        return stand_in_class(link, module, name, told)
    if what == "coroutine_function":
        return coroutine_function(Function(link, module, name, told))
    if what == "function":
        return Function(link, module, name, told)
    return link.ask("get", (module, ""), name)[0]


def coroutine_function(function: Function) -> Any:
    """Return an `async def` that calls a coroutine function of the candidate's."""

    async def call(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    call.__name__ = function.__name__
    call.__qualname__ = function.__qualname__
    signature = getattr(function, "__signature__", None)
    if signature is not None:
        call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def fill_stub(raises: bool) -> "Callable[[Module], None]":  # noqa: FBT001
    """Return what fills a module with functions that know nothing."""

    def nothing(*_args: Any, **_kwargs: Any) -> None:
        if raises:
            raise NotImplementedError("this is a stub that knows nothing")

    def fill(module: Module) -> None:
        module.__dict__["__getattr__"] = lambda _name: nothing
        module.__dict__["__path__"] = []

    return fill
