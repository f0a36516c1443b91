"""Stand-ins for what of the candidate's can be called: functions and methods."""

from typing import TYPE_CHECKING, Any

from link import Link, Refusal, link_of, target_of
from signatures import position_of, signature_from, without_first

if TYPE_CHECKING:
    import inspect

RUNNERS_OWN = ("__", "_assize", "_pytest", "pytest")
"""Names that start so are never asked of the candidate: a test runner looks for some."""
BUILTIN_METHODS = frozenset(
    name
    for kind in (str, bytes, int, float, complex, frozenset)
    for name in dir(kind)
    if not name.startswith("_")
) - {"copy"}
"""Methods of Python's own numbers, texts and sets; none of them changes its object."""


def is_question(name: str, args: Any, kwargs: Any) -> bool:
    """Tell whether a method may be asked of an object in the place of a number or a text."""
    return name in BUILTIN_METHODS and bool(args or kwargs or name.startswith("is"))


class Function:
    """Stands in for a function of a module or a class."""

    __test__ = False

    def __init__(self, link: Link, module: str, name: str, signature: Any) -> None:
        self._link = link
        self._target = (module, name)
        self.__name__ = name.rpartition(".")[2]
        self.__qualname__ = name
        self.__module__ = module
        self.__signature__ = None if signature is None else signature_from(signature)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the candidate's function."""
        if "." in self.__qualname__:
            # A static method may be asked through an object.
            self._link.leaned |= is_question(self.__name__, args, kwargs)
        self._link.renew()
        return called(self._link, (self,), self._target[1], self.__signature__, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute that the function was given."""
        if name.startswith(RUNNERS_OWN):
            raise AttributeError(name)
        return self._link.ask("get", self, name)

    def __repr__(self) -> str:
        """Show whose it is."""
        return f"<the candidate's {'.'.join(self._target)}>"

    def _assize_find_target(self) -> "tuple[str, str]":
        return self._target


class BoundMethod:
    """Stands in for a method of an object."""

    __test__ = False

    def __init__(
        self,
        thing: Any,
        name: str,
        signature: "inspect.Signature | None" = None,
        path: str = "",
    ) -> None:
        self.__self__ = thing
        self.__name__ = name
        self._path = path
        self.__signature__ = None if signature is None else without_first(signature)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        link, name = link_of(self.__self__), self.__name__
        link.leaned |= is_question(name, args, kwargs)
        return called(link, (self.__self__, name), self._path, self.__signature__, args, kwargs)

    def _assize_find_target(self) -> Any:
        return target_of(link_of(self.__self__).ask("get", self.__self__, self.__name__))


class Method:
    """A descriptor: a method of a stand-in class."""

    def __init__(self, name: str, path: str, signature: Any, *, coroutine: bool) -> None:
        self.__name__ = name
        self._path = path
        self._coroutine = coroutine
        self.__signature__ = None if signature is None else signature_from(signature)

    def __get__(self, thing: Any, owner: Any = None) -> Any:
        """Bind it to an object."""
        if thing is None:
            return self
        method = BoundMethod(thing, self.__name__, self.__signature__, self._path)
        return awaited(method) if self._coroutine else method

    def __call__(self, thing: Any, *args: Any, **kwargs: Any) -> Any:
        """Call it as `Class.method(object, ...)`."""
        return self.__get__(thing)(*args, **kwargs)


def awaited(function: Any) -> Any:
    """Return an `async def` that calls a coroutine function of the candidate's."""

    async def call(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    call.__name__ = function.__name__
    call.__qualname__ = getattr(function, "__qualname__", function.__name__)
    if function.__signature__ is not None:
        call.__signature__ = function.__signature__  # type: ignore[attr-defined]
    if type(function) is Function:
        call.__dict__["_assize_target"] = target_of(function)
    return call


def called(
    link: Link,
    what: "tuple[Any, ...]",
    name: str,
    signature: "inspect.Signature | None",
    args: Any,
    kwargs: Any,
) -> Any:
    """Call something of the candidate's, and copy back the arguments that the spec names.

    `what` is the thing, or the thing and the name of its method.
    """
    places = (place_of(key, signature, args, kwargs) for key in link.back(name))
    back = tuple(place for place in places if place is not None)
    verb = "call" if len(what) == 1 else "method"
    value, changed = link.exchange((verb, *what, args, kwargs, back))
    # SECURITY: only what was asked for, whatever the answer holds.
    for place, new in zip(back, changed, strict=False):
        replace_content(args[place] if type(place) is int else kwargs[place], new)
    return value


def place_of(
    key: "int | str", signature: "inspect.Signature | None", args: Any, kwargs: Any
) -> "int | str | None":
    """Return where an argument was passed, by position or name; None if it was not."""
    if key in kwargs:
        return key
    place = position_of(key, signature) if isinstance(key, str) else key
    return place if place is not None and place < len(args) else None


def replace_content(old: Any, new: Any) -> None:
    """Make a list, a dict or a set hold what another one of its type holds."""
    if type(old) is not type(new) or type(old) not in {list, dict, set}:
        raise Refusal(f"a {type(old).__name__} cannot be copied back from a {type(new).__name__}")
    old.clear()
    if type(old) is list:
        old.extend(new)
    else:
        old.update(new)
