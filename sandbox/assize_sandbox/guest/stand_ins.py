"""Stand-ins for the candidate's functions, classes and objects, in the test sandbox.

Calling one sends plain data to the candidate's sandbox and waits for the answer.

Who asks such an object a question whose answer decides an assertion (`==`, `bool`, `in`,
`isinstance`) leans on what the candidate defines; that is noted, and the test's assurance falls.
"""

import inspect
from typing import TYPE_CHECKING, Any

from exceptions_across import exception_class
from link import Link, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
)
QUESTIONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "truth", "contains", "hash"})
"""Operations whose answer is the candidate's opinion."""


class Function:
    """Stands in for a function of a module or a class."""

    __test__ = False
    _assize_stays = True

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
    back = [
        key for key in link.back(name) if key in kwargs or (type(key) is int and key < len(args))
    ]
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

    _assize_crosses = True

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
        parameters.append(inspect.Parameter(str(name), KINDS[kind], default=value))
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
        link, target = cls._assize_link, cls._assize_target
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
        link, (module, path) = cls._assize_link, cls._assize_target
        return link.ask("get", (module, path), name)[0]


class Remote(metaclass=RemoteType):
    """Stands in for an object of the candidate's."""

    _assize_crosses = True
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

    def __exit__(self, *details: object) -> Any:
        """Leave it as a context; an exception goes as None or as its text."""
        leave = self.__getattr__("__exit__")
        error = details[1]
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

    async def __aexit__(self, *_: object) -> Any:
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


class Workshop:
    """Makes the stand-ins of one link, and knows the candidate's classes by their paths."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._exceptions: dict[str, type[Exception]] = {}
        self._instances: dict[str, type] = {}
        link.makes = self

    def thing(self, number: int, kind: str, name: str, life: int) -> Any:
        """Return what stands for an object that stays with the candidate."""
        if kind in {"function", "coroutine_function"}:
            return Bound(self._link, number, life)
        made: Any = object.__new__(self._instances.get(name, Remote))
        object.__setattr__(made, "_assize_link", self._link)
        object.__setattr__(made, "_assize_number", number)
        object.__setattr__(made, "_assize_life", life)
        return made

    def exception(self, told: Any) -> Exception:
        """Return the stand-in of an exception: a plain builtin, or the candidate's own class."""
        path, bases, message, arguments = told
        kind = self._exceptions.get(path)
        if kind is None:
            kind = self._exceptions[path] = exception_class(path, bases)
        try:
            return kind(*arguments)
        except Exception:  # noqa: BLE001 - a builtin that wants other arguments
            made = Exception.__new__(kind)
            made.args = (str(message),)
            return made

    def learn(self, path: str, kind: type) -> None:
        """Know a class by its path.

        Objects get a hidden subclass of it: `isinstance` asks nobody where the type is the very
        same, and we must know that it was asked.
        """
        hidden = {"__slots__": (), "__module__": kind.__module__, "__test__": False}
        self._instances[path] = RemoteType(kind.__name__, (kind,), hidden)

    def learn_exception(self, path: str, kind: "type[Exception]") -> None:
        """Know an exception's class by its path."""
        self._exceptions[path] = kind


def stand_in_class(workshop: Workshop, link: Link, module: str, name: str, told: Any) -> type:
    """Return the stand-in of a class."""
    path, bases, members, _special, signature = told
    builtin_bases = tuple(base.partition(":")[2] for base in bases if base.startswith("builtins:"))
    if "BaseException" in builtin_bases:
        raised = exception_class(path, builtin_bases)
        workshop.learn_exception(path, raised)
        return raised
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
            inside[member] = staticmethod(
                Function(link, module, f"{name}.{member}", member_signature)
            )
        elif what in {"function", "coroutine_function"}:
            inside[member] = Method(member, member_signature)
    if signature is not None:
        inside["__signature__"] = signature_from(signature)
    kind = RemoteType(name, (Remote,), inside)
    workshop.learn(path, kind)
    return kind
