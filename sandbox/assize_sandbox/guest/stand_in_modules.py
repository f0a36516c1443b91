"""Importing a module of the candidate's in the test sandbox makes a module of stand-ins."""

import builtins
import importlib.abc
import importlib.machinery
import sys
import types
from typing import TYPE_CHECKING, Any

from link import Refusal
from stand_ins import Function, Workshop, stand_in_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from link import Link

TAKEN_NAMES = frozenset(dir(builtins)) | sys.stdlib_module_names | {
    "given", "hypothesis", "np", "numpy", "settings", "st", "strategies", "assume", "example",
}  # fmt: skip
"""Names that `import *` never brings: tests that use one mean the real thing."""


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
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> Module:
        """Make an empty stand-in."""
        return Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        if isinstance(module, Module):
            self._fill(module)


def fill_from(link: "Link", workshop: Workshop) -> "Callable[[Module], None]":
    """Return what fills a module with the candidate's public names."""

    def fill(module: Module) -> None:
        (described, listed), _ = link.ask("import", module.__name__)
        inside = module.__dict__
        for name, what, told in described:
            if what != "module" and not name.startswith("pytest"):
                inside[name] = stand_in(workshop, link, module.__name__, name, what, told)
        names = listed if listed is not None else [each[0] for each in described]
        public = [name for name in names if name in inside and not name.startswith("_")]
        inside["__all__"] = [name for name in public if name not in TAKEN_NAMES]

    return fill


def stand_in(workshop: Workshop, link: "Link", module: str, name: str, what: str, told: Any) -> Any:
    """Return what stands for one name of a module."""
    if what == "plain":
        return told
    if what == "class":
        return stand_in_class(workshop, link, module, name, told)
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


def fill_stub(raises: bool) -> "Callable[[Module], None]":
    """Return what fills a module with functions that know nothing."""

    def nothing(*_args: Any, **_kwargs: Any) -> None:
        if raises:
            raise NotImplementedError("this is a stub that knows nothing")

    def stub_of(name: str) -> Any:
        if name.startswith("__"):
            # Python's own, such as `__file__`: hypothesis asks every module for it.
            raise AttributeError(name)
        return nothing

    def fill(module: Module) -> None:
        module.__dict__["__getattr__"] = stub_of
        module.__dict__["__path__"] = []

    return fill
