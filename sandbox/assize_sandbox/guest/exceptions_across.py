"""Exceptions of the candidate's, as the tests see them.

They arrive as a plain builtin, as one of the standard library's that the tests know, or as a
stand-in for the candidate's own class; never as one to which a test runner or Python itself gives a
meaning of its own: skip, exit, end of iteration.
"""

import builtins
import sys
from typing import TYPE_CHECKING, Any

from callables import RUNNERS_OWN, called
from link import Refusal, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED = frozenset(
    {"BaseException", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration",
     "StopAsyncIteration", "BaseExceptionGroup", "ExceptionGroup"}
)  # fmt: skip
"""Builtins that a test runner, or Python itself, gives a meaning of its own."""
REFUSED_MODULES = frozenset({"unittest", "doctest", "bdb", "pdb"})
"""Modules of the standard library whose exceptions mean something to a test runner."""


class ExceptionType(type):
    """The class of stand-ins for the candidate's exception classes."""

    def __new__(cls, name: str, bases: Any, inside: "dict[str, Any]") -> Any:
        """Make a stand-in class; refuse a class of the tests that would inherit from one."""
        if "_assize_class" not in inside:
            raise Refusal(f"{name} cannot inherit from the candidate's class: that one is not here")
        return super().__new__(cls, name, bases, inside)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, over there."""
        link = cls._assize_link
        link.renew()
        return called(link, (cls,), cls._assize_class[1], None, args, kwargs)

    def __setattr__(cls, name: str, value: Any) -> None:
        """Refuse: patching a stand-in would patch nothing over there."""
        raise Refusal(f"{cls.__name__}.{name} cannot be patched: the class is the candidate's")

    def __getattr__(cls, name: str) -> Any:
        """Return a class attribute."""
        if name.startswith(RUNNERS_OWN):
            raise AttributeError(name)
        return cls._assize_link.ask("get", cls, name)

    def _assize_find_target(cls) -> "tuple[str, str]":
        found: tuple[str, str] = cls._assize_class
        return found


def exception_type(
    path: str, paths: "Iterable[str]", known: "dict[str, type[Exception]]", link: Any
) -> "type[Exception]":
    """Return a class that `except` and `pytest.raises` take for the candidate's.

    `paths` are those of its bases, `known` the stand-ins that there are.
    """
    plain = standard_exception(path)
    if plain is not None:
        return plain
    bases: list[type[Exception]] = []
    for each in paths:
        found = known.get(each) or standard_exception(each)
        if found is not None and not any(issubclass(base, found) for base in bases):
            bases.append(found)
    module, _, name = path.partition(":")
    inside = {
        "__module__": module,
        "__test__": False,
        "_assize_link": link,
        "_assize_class": (module, name),
        "_assize_find_target": find_target,
        "__getattr__": attribute,
        "__str__": message,
    }
    short = name.rpartition(".")[2] or "Unknown"
    try:
        made: type[Exception] = ExceptionType(short, tuple(bases) or (Exception,), inside)
    except TypeError:  # Bases that do not go together: not what Python made over there.
        made = ExceptionType(short, (Exception,), inside)
    return made


def standard_exception(path: str) -> "type[Exception] | None":
    """Return an exception class of Python's own, None if it is none that may be raised here."""
    module, _, name = path.partition(":")
    if module == "builtins":
        found = None if name in REFUSED else getattr(builtins, name, None)
    elif module.partition(".")[0] in sys.stdlib_module_names - REFUSED_MODULES:
        # Only where the tests, or what runs them, have imported it.
        found = getattr(sys.modules.get(module), name, None)
    else:
        return None
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def exception(kind: "type[Exception]", told: Any) -> Exception:
    """Return an exception of a class, with the candidate's arguments and message."""
    _path, _paths, text, arguments, remote = told
    own = isinstance(kind, ExceptionType)
    try:
        made = kind.__new__(kind, *arguments) if own else kind(*arguments)
    except Exception:  # noqa: BLE001 - a builtin that wants other arguments
        made = kind.__new__(kind)
        made.args = (text,)
    if own:
        made.__dict__.update(_assize_message=text, _assize_remote=remote)
    return made


def find_target(error: Any) -> Any:
    """Return what an exception stands for, over there; None if it was made here."""
    return target_of(error.__dict__.get("_assize_remote"))


def attribute(error: Any, name: str) -> Any:
    """Return an attribute of an exception that the candidate holds."""
    remote = error.__dict__.get("_assize_remote")
    if name.startswith("_") or remote is None:
        raise AttributeError(name)
    return getattr(remote, name)


def message(error: Any) -> str:
    """Return what `str` says of it, over there."""
    found = error.__dict__.get("_assize_message")
    return Exception.__str__(error) if found is None else str(found)
