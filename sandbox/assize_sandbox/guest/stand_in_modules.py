"""Importing a module of the candidate's in the test sandbox makes a module of stand-ins."""

import builtins
import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from typing import TYPE_CHECKING, Any

from link import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from link import Link
    from workshop import Workshop

TAKEN_NAMES = frozenset(dir(builtins)) | sys.stdlib_module_names | {
    "given", "hypothesis", "np", "numpy", "settings", "st", "strategies", "assume", "example",
}  # fmt: skip
"""Names that `import *` never brings: tests that use one mean the real thing."""
RUNNERS_NAMES = frozenset(
    {"setup_module", "teardown_module", "setup_function", "teardown_function", "setUpModule",
     "tearDownModule", "load_tests"}
)  # fmt: skip
RUNNERS_PREFIXES = ("_", "pytest", "test", "Test")
"""Such names mean something to a test runner; `import *` brings none of them."""


BROUGHT: "dict[int, set[str]]" = {}
"""The names that `import *` brought, by the identity of the globals they went to."""


class Module(types.ModuleType):
    """Stands in for a module of the candidate's."""

    @property
    def __all__(self) -> "list[str]":
        """Return what `import *` brings to whoever asks: nothing in the place of a name it has.

        SECURITY: the candidate chooses its names. An oracle of the tests' own must stay one.
        """
        asking = sys._getframe(1)  # noqa: SLF001 - there is no other way to know
        listed = self.__dict__.get("_assize_listed")
        names = set(names_in(asking.f_code) if listed is None else listed)
        brought = BROUGHT.setdefault(id(asking.f_globals), set())
        names -= TAKEN_NAMES | RUNNERS_NAMES | (asking.f_globals.keys() - brought)
        names = {name for name in names if not name.startswith(RUNNERS_PREFIXES)}
        brought |= names
        return sorted(names)

    def __getattr__(self, name: str) -> Any:
        """Return what may change over there (plain data), or a module within this one."""
        what, told = self.__dict__.get("_assize_live", {}).get(name, (None, None))
        if what == "plain":
            return self.__dict__["_assize_ask"](name)
        if what == "module":
            return importlib.import_module(told)
        raise AttributeError(f"the candidate's module {self.__name__} has no attribute {name}")

    def __dir__(self) -> "list[str]":
        """Return all names."""
        return sorted({*self.__dict__, *self.__dict__.get("_assize_live", ())})

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


def names_in(code: "types.CodeType") -> "Iterator[str]":
    """Yield every name that code mentions."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the candidate's modules as stand-ins."""

    def __init__(self, modules: "frozenset[str]", fill: "Callable[[Module], None]") -> None:
        self._modules = modules
        self._fill = fill

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Find a module of the candidate's, or a package that holds one."""
        if name in self._modules or any(each.startswith(f"{name}.") for each in self._modules):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> Module:
        """Make an empty stand-in."""
        return Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        if isinstance(module, Module):
            self._fill(module)


def fill_from(
    link: "Link", workshop: "Workshop", modules: "frozenset[str]"
) -> "Callable[[Module], None]":
    """Return what fills a module with the candidate's names."""

    def fill(module: Module) -> None:
        described, listed = link.ask("import", module.__name__)
        inside = module.__dict__
        live = {
            name: (what, told)
            for name, what, told in described
            if what == "plain" or (what == "module" and told in modules)
        }
        for name, what, told in in_order(described):
            if what not in {"plain", "module"} and not name.startswith("pytest"):
                inside[name] = workshop.stand_in(module.__name__, name, what, told)
        inside["_assize_live"] = live
        inside["_assize_ask"] = lambda name: link.ask("get_from", module.__name__, name)
        inside["_assize_listed"] = [name for name in listed if name in inside or name in live]

    return fill


def in_order(described: Any) -> "Iterable[Any]":
    """Return names and what they are, a class after its bases."""
    return sorted(described, key=lambda each: len(each[2][1]) if each[1] == "class" else -1)


def fill_stub(raises: bool) -> "Callable[[Module], None]":
    """Return what fills a module with functions that know nothing."""

    def nothing(*_args: Any, **_kwargs: Any) -> None:
        if raises:
            raise NotImplementedError("this is a stub that knows nothing")

    def get(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return nothing

    def fill(module: Module) -> None:
        module.__dict__["__getattr__"] = get
        module.__dict__["__path__"] = []

    return fill
