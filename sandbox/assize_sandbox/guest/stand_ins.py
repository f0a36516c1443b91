"""Stand-ins for the candidate's classes and objects, in the test sandbox.

Asking one sends plain data to the candidate's sandbox and waits for the answer. Which questions
lean on the candidate is said in `operations.py`.
"""

import sys
from typing import TYPE_CHECKING, Any

import operations
from callables import BUILTIN_METHODS, RUNNERS_OWN, BoundMethod, called
from link import Refusal, link_of

if TYPE_CHECKING:
    import types

DATA_ABOUT = frozenset({"__dict__", "__doc__", "__module__", "__name__", "__qualname__"})
"""Special attributes that are data; any other is a method, asked behind the operators."""


RUNNERS = frozenset(
    {"_hypothesis_pytestplugin", "_pytest", "hypothesis", "pluggy", "pytest_asyncio"}
)


def asked_by_runner() -> bool:
    """Tell whether the test runner looks at an object, through Python's own library or not."""
    frame = sys._getframe(2)  # noqa: SLF001 - there is no other way to know
    while (home := home_of(frame)) in sys.stdlib_module_names and frame.f_back is not None:
        frame = frame.f_back
    return home in RUNNERS


def home_of(frame: "types.FrameType") -> str:
    """Return the top-level name of the module that a frame runs code of."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def is_remote(thing: object) -> bool:
    """Tell whether something stands for an object of the candidate's."""
    return isinstance(type(thing), RemoteType)


class RemoteType(type):
    """The class of stand-in classes."""

    def __new__(cls, name: str, bases: Any, inside: "dict[str, Any]") -> Any:
        """Make a stand-in class; refuse a class of the tests that would inherit from one."""
        if "_assize_made" not in inside:
            raise Refusal(f"{name} cannot inherit from the candidate's class: that one is not here")
        return super().__new__(cls, name, bases, inside)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, over there."""
        link = cls._assize_link
        link.made.add(cls._assize_class)
        link.renew()
        return called(link, (cls,), cls._assize_class[1], cls.__signature__, args, kwargs)

    def __instancecheck__(cls, thing: Any) -> bool:
        """Believe what the candidate says its object is, and note that it was asked."""
        if isinstance(type(thing), RemoteType):
            link_of(thing).leaned = True
        return super().__instancecheck__(thing)

    def __setattr__(cls, name: str, value: Any) -> None:
        """Refuse: patching a stand-in would patch nothing over there."""
        raise Refusal(f"{cls.__name__}.{name} cannot be patched: the class is the candidate's")

    def __delattr__(cls, name: str) -> None:
        """Refuse."""
        raise Refusal(f"{cls.__name__}.{name} cannot be deleted: the class is the candidate's")

    def __getattr__(cls, name: str) -> Any:
        """Return a class attribute."""
        if name.startswith(RUNNERS_OWN):
            raise AttributeError(name)
        return cls._assize_link.ask("get", cls, name)

    def __bool__(cls) -> bool:
        """Be true, as classes are."""
        return True

    def __iter__(cls) -> Any:
        """Iterate an enumeration."""
        return cls._assize_link.ask("operate", "iter", (cls,))

    def __len__(cls) -> int:
        """Return the size of an enumeration."""
        return int(cls._assize_link.ask("operate", "len", (cls,)))

    def __getitem__(cls, key: Any) -> Any:
        """Return a member of an enumeration."""
        return cls._assize_link.ask("operate", "getitem", (cls, key))

    def __contains__(cls, item: Any) -> bool:
        """Ask an enumeration whether something is in it."""
        cls._assize_link.leaned = True
        return bool(cls._assize_link.ask("operate", "contains", (cls, item)))

    def _assize_find_target(cls) -> "tuple[str, str]":
        found: tuple[str, str] = cls._assize_class
        return found


class Remote(metaclass=RemoteType):
    """Stands in for an object of the candidate's; special methods are added for each class."""

    __slots__ = ("__weakref__", "_assize_link_of", "_assize_self")
    __test__ = False
    _assize_made = True

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Tell what `isinstance` goes by, and note that a test asked."""
        if not asked_by_runner():
            link_of(self).leaned = True
        return type(self)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute."""
        link = link_of(self)
        if name.startswith(("_assize", "_pytest", "pytest")):
            raise AttributeError(name)
        if name.startswith("__") and name not in DATA_ABOUT:
            if asked_by_runner():
                raise AttributeError(name)
            link.leaned = True
        found = link.ask("get", self, name)
        if name in BUILTIN_METHODS and (isinstance(found, type) or is_remote(found)):
            return BoundMethod(self, name)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, over there."""
        link_of(self).ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute, over there."""
        link_of(self).ask("del", self, name)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Refuse: it could not be made again."""
        raise Refusal("an object of the candidate's cannot be pickled: it is not here")

    def _assize_find_target(self) -> "tuple[Any, Any]":
        found: tuple[Any, Any] = object.__getattribute__(self, "_assize_self")
        return found


for _name, _method in operations.ALWAYS.items():
    type.__setattr__(Remote, f"__{_name}__", _method)
type.__setattr__(Remote, "__hash__", None)


class Member(Remote):
    """Stands in for a member of an enumeration: it is data, its class and its name, made once."""

    __slots__ = ()
    _assize_made = True

    def __eq__(self, other: object) -> Any:
        """Be equal to itself alone among members; ask about the rest."""
        if isinstance(type(other), RemoteType) and issubclass(type(other), Member):
            return self is other
        return operations.ALWAYS["eq"](self, other)

    def __ne__(self, other: object) -> Any:
        """Differ from every other member; ask about the rest."""
        if isinstance(type(other), RemoteType) and issubclass(type(other), Member):
            return self is not other
        return operations.ALWAYS["ne"](self, other)

    def __hash__(self) -> int:
        """Go by the identity."""
        return object.__hash__(self)


def new(kind: type, link: Any, target: "tuple[Any, Any]") -> Any:
    """Return an object of a stand-in class; its target is what `link.target_of` returns of it."""
    made: Any = object.__new__(kind)
    object.__setattr__(made, "_assize_link_of", link)
    object.__setattr__(made, "_assize_self", target)
    return made
