"""Reads members of enums and instances of dataclasses without calling anything of their classes.

All is read through the descriptors of `type` and the slots and dictionaries that C keeps; texts
that name things have to be exact, since others have an `__eq__` of their own. What is odd is None.
"""

import sys

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from typing import Any

ENUM = b"m"
DATACLASS = b"k"

_OF_TYPE = type.__dict__
_GETSET = type(_OF_TYPE["__dict__"])
_SLOT = type(_OF_TYPE["__basicsize__"])
_HEAP_TYPE = 1 << 9
"""In the flags of a class that was made by a class statement."""


class Instances:
    """Takes instances apart, and keeps what it found out about their classes."""

    def __init__(self) -> None:
        self._layouts: dict[int, tuple[type, _Layout | None]] = {}

    def parts(self, value: object) -> "tuple[bytes, str, list[tuple[str, object]]] | None":
        """Return the tag, the class's path, and names with values: one for a member.

        None if it is neither a member of an enum nor an instance of a dataclass.
        """
        kind = type(value)
        # By its id, since the hash is the metaclass's. That the class is held keeps the id its own.
        if id(kind) not in self._layouts:
            self._layouts[id(kind)] = kind, _layout(kind)
        _, layout = self._layouts[id(kind)]
        if layout is None:
            return None
        try:
            named = layout.member(value) if layout.tag == ENUM else layout.fields(value)
        except (AttributeError, KeyError, TypeError):
            # A field that was never set, or a slot or dictionary that is another class's.
            return None
        return layout.tag, layout.path, named


class _Layout:
    """Where the instances of one class keep what they hold."""

    def __init__(self, kind: type, path: str, names: "list[str] | None") -> None:
        self.tag = ENUM if names is None else DATACLASS
        self.path = path
        self._slots = [(name, _class_attribute(kind, name)) for name in names or ()]
        self._dictionary = _class_attribute(kind, "__dict__")

    def member(self, value: object) -> "list[tuple[str, object]]":
        attributes = self._attributes(value)
        name = attributes["_name_"]
        if type(name) is not str:
            raise TypeError("a member without a name")
        return [(name, attributes["_value_"])]

    def fields(self, value: object) -> "list[tuple[str, object]]":
        attributes = self._attributes(value)
        return [
            (name, slot.__get__(value) if type(slot) is _SLOT else attributes[name])
            for name, slot in self._slots
        ]

    def _attributes(self, value: object) -> "dict[str, Any]":
        if type(self._dictionary) is not _GETSET:
            return {}
        found = self._dictionary.__get__(value)
        return _exact(found) if type(found) is dict else {}


def _layout(kind: type) -> "_Layout | None":
    path = _path(kind)
    enum = sys.modules.get("enum")
    if path is None:
        return None
    if enum is not None and type(kind) is enum.EnumMeta:
        return _Layout(kind, path, None)
    names = _field_names(kind)
    return _Layout(kind, path, names) if names is not None and _is_of_statements(kind) else None


def _field_names(kind: type) -> "list[str] | None":
    dataclasses = sys.modules.get("dataclasses")
    # Its own: what inherits them without being a dataclass may hold anything beside.
    found = _exact(_vars(kind)).get("__dataclass_fields__")
    if dataclasses is None or type(found) is not dict:
        return None
    names = []
    for field in found.values():
        if type(field) is not dataclasses.Field:
            return None
        if field._field_type is not dataclasses._FIELD:  # noqa: SLF001 - a ClassVar or InitVar
            continue
        if type(field.name) is not str:
            return None
        names.append(field.name)
    return names


def _is_of_statements(kind: type) -> bool:
    # A dataclass that is a list, or an exception, has content beside its fields.
    flags = _OF_TYPE["__flags__"]
    return all(base is object or flags.__get__(base) & _HEAP_TYPE for base in _mro(kind))


def _path(kind: type) -> "str | None":
    module = _exact(_vars(kind)).get("__module__")
    qualified = _OF_TYPE["__qualname__"].__get__(kind)
    if type(module) is not str or type(qualified) is not str:
        return None
    return f"{module}:{qualified}"


def _class_attribute(kind: type, name: str) -> "Any":
    for base in _mro(kind):
        attributes = _exact(_vars(base))
        if name in attributes:
            return attributes[name]
    return None


def _mro(kind: type) -> "tuple[type, ...]":
    found: tuple[type, ...] = _OF_TYPE["__mro__"].__get__(kind)
    return found


def _vars(kind: type) -> "Any":
    return _OF_TYPE["__dict__"].__get__(kind)


def _exact(attributes: "Any") -> "dict[str, Any]":
    return {name: each for name, each in attributes.items() if type(name) is str}
