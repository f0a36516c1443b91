"""Makes the stand-ins of one link, and knows the candidate's classes by their paths."""

from typing import TYPE_CHECKING, Any

import operations
import specials
from callables import Function, Method, awaited
from exceptions_across import exception, exception_type
from link import is_exception
from signatures import signature_from
from stand_ins import Member, Remote, RemoteType, new

if TYPE_CHECKING:
    from collections.abc import Iterable

    from link import Link


class Workshop:
    """Makes stand-ins. A path is `module:dotted.name`, and names the same class everywhere."""

    def __init__(self, link: "Link") -> None:
        self._link = link
        self._exceptions: dict[str, type[Exception]] = {}
        self._classes: dict[str, type] = {}
        self._kinds: dict[tuple[str, int, type], type] = {}
        self._members: dict[str, Any] = {}
        link.makes = self

    def thing(self, number: int, kind: str, name: str, life: int) -> Any:
        """Return what stands for an object that stays with the candidate.

        Its name is its class's path and special methods, or the path of an enumeration's member.
        """
        if kind == "member":
            return self._member(name)
        path, _, mask = name.partition("|")
        if kind == "class" and path in (known := self._classes | self._exceptions):
            return known[path]
        target = (number, life)
        made = new(self._kind(path, int(mask or "0", 16), Remote), self._link, target)
        if kind == "error":
            told = (*self._link.ask("describe", made), made, None)
            if not is_exception(told):
                raise ValueError("no exception")
            return self.exception(told[:-1], life)
        return made

    def named(self, module: str, name: str, class_path: str, mask: int) -> Any:
        """Return what stands for an object that a module holds, in whichever process."""
        return new(self._kind(class_path, mask, Remote), self._link, (module, name))

    def exception(self, told: Any, _life: int) -> Exception:
        """Return the stand-in of an exception: path, bases, message, arguments, the object."""
        return exception(self._exception_type(told[0], told[1]), told)

    def stand_in(self, module: str, name: str, what: str, told: Any) -> Any:
        """Return what stands for one name of a module."""
        if what == "class":
            return self._class(*told)
        if what == "coroutine_function":
            return awaited(Function(self._link, module, name, told))
        if what == "function":
            return Function(self._link, module, name, told)
        return self.named(module, name, *told)

    def _exception_type(self, path: str, bases: "Iterable[str]") -> "type[Exception]":
        found = self._exceptions.get(path)
        if found is None:
            found = exception_type(path, bases, self._exceptions, self._link)
            self._exceptions[path] = found
        return found

    def _class(self, path: str, bases: Any, members: Any, signature: Any) -> type:
        if path in self._classes:
            return self._classes[path]
        if "builtins:BaseException" in bases:
            return self._exception_type(path, bases)
        module, _, name = path.partition(":")
        inside = self._inside(path) | {
            "__signature__": None if signature is None else signature_from(signature)
        }
        for member, what, member_signature in members:
            # SECURITY: special methods come from `operations.py`, which notes who leans on them.
            if member.startswith(("__", "_assize")):
                raise ValueError(f"{member!a} is no ordinary method")
            inside[member] = self._callable(module, f"{name}.{member}", what, member_signature)
        made: type = RemoteType(name.rpartition(".")[2], self._bases(bases), inside)
        self._classes[path] = made
        return made

    def _callable(self, module: str, name: str, what: str, signature: Any) -> Any:
        if what == "static":
            return staticmethod(Function(self._link, module, name, signature))
        coroutine = what == "coroutine_function"
        return Method(name.rpartition(".")[2], name, signature, coroutine=coroutine)

    def _bases(self, paths: "Iterable[str]") -> "tuple[type, ...]":
        found: list[type] = []
        for path in paths:
            base = self._classes.get(path)
            if base is not None and not any(issubclass(each, base) for each in found):
                found.append(base)
        return tuple(found) or (Remote,)

    def _kind(self, path: str, mask: int, least: type) -> type:
        """Return the class of the stand-ins for the objects of one class.

        It is a hidden subclass: `isinstance` asks nobody where the type is the very same, and we
        must know that it was asked.
        """
        known = self._classes.get(path, Remote)
        kind = self._kinds.get((path, mask, known))
        if kind is None:
            bases = (known,) if issubclass(known, least) else (least, known)
            inside = self._inside(path)
            for name in specials.names_of(mask):
                # A member of an enumeration has its own.
                if not (name == "hash" and least is Member):
                    inside[f"__{name}__"] = operations.METHODS[name]
            kind = RemoteType(path.rpartition(".")[2].rpartition(":")[2], bases, inside)
            self._kinds[path, mask, known] = kind
        return kind

    def _member(self, name: str) -> Any:
        member = self._members.get(name)
        if member is None:
            path, _, mask = name.partition("|")
            class_path, _, _ = path.rpartition(".")
            module, _, dotted = path.partition(":")
            kind = self._kind(class_path, int(mask or "0", 16), Member)
            member = self._members[name] = new(kind, self._link, (module, dotted))
        return member

    def _inside(self, path: str) -> "dict[str, Any]":
        module, _, name = path.partition(":")
        return {
            "_assize_made": True,
            "_assize_link": self._link,
            "_assize_class": (module, name),
            "__module__": module,
            "__qualname__": name,
            "__slots__": (),
            "__test__": False,
            "__signature__": None,
        }
