"""What the candidate's process tells of its modules, classes and exceptions: plain data."""

import builtins
import inspect
import sys
import types

import specials
import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MESSAGE_MOST = 2000
NAMES_MOST = 1000


def described_module(module: types.ModuleType) -> "tuple[list[Any], list[str]]":
    """Return a module's names with what they are, and those that `import *` brings."""
    names = [name for name in dir(module) if not name.startswith("__")][:NAMES_MOST]
    found = {name: getattr(module, name) for name in names}
    listed = getattr(module, "__all__", None)
    if listed is None:
        listed = [name for name, thing in found.items() if is_own(thing)]
    told = [(name, *description(thing)) for name, thing in found.items()]
    return told, [str(each) for each in listed]


def is_own(thing: "Any") -> bool:
    """Tell whether something was not merely imported from the standard library."""
    home = getattr(thing, "__module__", None)
    return type(home) is not str or home.partition(".")[0] not in sys.stdlib_module_names


def description(thing: "Any") -> "tuple[str, Any]":
    """Return how a module's attribute is to be stood in for."""
    if isinstance(thing, type):
        return "class", described_class(thing)
    if inspect.ismodule(thing):
        return "module", thing.__name__
    if inspect.isroutine(thing) or hasattr(thing, "__wrapped__"):
        return kind_of(thing), signature_of(thing)
    try:
        values.encode(thing)
    except values.Refused:
        return "object", (path_of(type(thing)), specials.mask_of(type(thing)))
    return "plain", None


def kind_of(function: "Any") -> str:
    """Return whether a function is a coroutine function."""
    return "coroutine_function" if inspect.iscoroutinefunction(function) else "function"


def described_class(kind: type) -> "Any":
    """Return a class's path, its bases, what its methods are, and its signature."""
    members = []
    for name in dir(kind):
        if name.startswith(("__", "_assize")):
            continue
        found = inspect.getattr_static(kind, name)
        if isinstance(found, staticmethod | classmethod):
            members.append((name, "static", signature_of(getattr(kind, name))))
        elif isinstance(found, types.FunctionType):
            members.append((name, kind_of(found), signature_of(found)))
    signature = None if issubclass(kind, BaseException) else signature_of(kind)
    return path_of(kind), bases_of(kind), members, signature


def path_of(kind: type) -> str:
    """Return a class as `module:qualified.name`."""
    return f"{kind.__module__}:{kind.__qualname__}"


def bases_of(kind: type) -> "tuple[str, ...]":
    """Return the paths of all bases, the nearest first."""
    return tuple(path_of(base) for base in kind.__mro__[1:] if base is not object)


def signature_of(thing: "Any") -> "Any":
    """Return a signature: (name, kind, default, annotation) each, and what is returned."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    return (
        [
            (each.name, int(each.kind), part(each.default, repr), part(each.annotation))
            for each in signature.parameters.values()
        ],
        part(signature.return_annotation),
    )


def part(thing: "Any", shown: "Any" = inspect.formatannotation) -> "Any":
    """Return a default or an annotation: plain, a builtin class by name, or how it looks."""
    if thing is inspect.Parameter.empty:
        return ()
    name = thing.__name__ if isinstance(thing, type) else ""
    if name and getattr(builtins, name, None) is thing:
        return "builtin", name
    try:
        values.encode(thing)
    except values.Refused:
        return "shown", shown(thing)[:MESSAGE_MOST]
    return "plain", thing


def described_exception(error: BaseException) -> "tuple[Any, ...]":
    """Return an exception's class, its bases, message and arguments."""
    kind = type(error)
    try:
        message = str(error)[:MESSAGE_MOST]
    except BaseException as worse:  # noqa: BLE001 - the class is the candidate's
        message = f"its message cannot be shown: {type(worse).__name__}"
    return path_of(kind), bases_of(kind), message, tuple(error.args)
