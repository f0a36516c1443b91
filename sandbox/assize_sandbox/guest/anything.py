"""A stand-in for modules that are not here, in which a suite can be collected, but not be run.

Every name of such a module is a class: it can be inherited from, called, iterated (it is empty) and
used as a decorator, which changes nothing. Which tests there are is then known without the code
that they test.
"""

import abc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types


class _Shapeless(abc.ABCMeta):
    """The type of a name that nothing is known about."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]
        return type.__call__(cls)

    def __iter__(cls) -> Any:
        return iter(())

    def __getitem__(cls, _key: Any) -> Any:
        return cls

    def __or__(cls, _other: Any) -> Any:
        return cls

    def __ror__(cls, _other: Any) -> Any:
        return cls


class Thing(metaclass=_Shapeless):
    """An object that nothing is known about."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Take anything."""

    def __getattr__(self, name: str) -> Any:
        """Have every attribute."""
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Decorate with nothing, or return something."""
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]
        return Thing()

    def __iter__(self) -> Any:
        """Be empty."""
        return iter(())

    def __len__(self) -> int:
        """Be empty."""
        return 0

    def __getitem__(self, _key: Any) -> Any:
        """Hold something everywhere."""
        return Thing()

    def __contains__(self, _item: Any) -> bool:
        """Hold nothing."""
        return False

    def _combined(self, _other: Any) -> Any:
        return Thing()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __or__ = __ror__ = _combined
    __and__ = __rand__ = __truediv__ = __rtruediv__ = __mod__ = __pow__ = _combined


def named(name: str) -> Any:
    """Return a class of that name."""
    return _Shapeless(name, (Thing,), {"__test__": False})


def fill(module: "types.ModuleType") -> None:
    """Give a module every name that is asked for."""
    known: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return known.setdefault(name, named(name))

    module.__dict__["__getattr__"] = get
    # Files of the tests may be in the same package.
    module.__dict__["__path__"] = [f"/workspace/{module.__name__.replace('.', '/')}"]
