"""Members of enums and instances of dataclasses as data: what they are named, how they are written.

No class is looked up or imported: a path is text that is compared with text.
"""

import keyword
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from assize.values.tree import MOST_NAME_CHARACTERS, DataclassValue, EnumValue, Value

INSTANCES: Final = frozenset({"enum", "dataclass"})
"""The constructors of the notation that write them down."""
_EXAMPLES: Final = {
    "enum": 'enum("solution:Colour", "RED", 1)',
    "dataclass": 'dataclass("solution:Point", x=1, y=0)',
}
_LOCALS: Final = "<locals>"
_SHOWN_MOST: Final = 40


class InstanceFault(ValueError):
    """What is no member of an enum or instance of a dataclass as data; says why."""


def make_instance(
    name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> EnumValue | DataclassValue:
    """Return what `enum(...)` or `dataclass(...)` writes down.

    Raises:
        InstanceFault: The arguments are others than it takes.
    """
    match name, tuple(arguments):
        case "enum", (str() as path, str() as member, value) if not keywords:
            return checked_enum(path, member, value)
        case "dataclass", (str() as path,):
            return checked_dataclass(path, tuple(keywords.items()))
        case _:
            raise InstanceFault(f"{name} is written as in {_EXAMPLES[name]}")


def checked_enum(path: str, name: str, value: Value) -> EnumValue:
    """Return the member of an enum.

    Raises:
        InstanceFault: The path is none, or the name is too long.
    """
    _check_path(path)
    _check_length(name)
    return EnumValue(path, name, value)


def checked_dataclass(path: str, fields: tuple[tuple[str, Value], ...]) -> DataclassValue:
    """Return the instance of a dataclass.

    Raises:
        InstanceFault: The path is none, or a field is none or comes twice.
    """
    _check_path(path)
    _check_fields([name for name, _ in fields])
    return DataclassValue(path, fields)


def _check_path(path: str) -> None:
    _check_length(path)
    module, colon, qualified = path.partition(":")
    classes = (part for part in qualified.split(".") if part != _LOCALS)
    if not (colon and _are_identifiers(module.split(".")) and _are_identifiers(classes)):
        raise InstanceFault(f"a class is named as in solution:Colour, not {path[:_SHOWN_MOST]!a}")


def _check_fields(names: Sequence[str]) -> None:
    for name in names:
        _check_length(name)
        # Python normalises what it reads: any other name could not be written as a keyword.
        normal = unicodedata.normalize("NFKC", name) == name
        if not (normal and name.isidentifier()) or keyword.iskeyword(name):
            raise InstanceFault(f"{name[:_SHOWN_MOST]!a} is not the name of a field")
    if len(set(names)) < len(names):
        raise InstanceFault("two fields have one name")


def _check_length(text: str) -> None:
    if len(text) > MOST_NAME_CHARACTERS:
        raise InstanceFault(f"a name of {len(text)} characters, over {MOST_NAME_CHARACTERS}")


def _are_identifiers(parts: Iterable[str]) -> bool:
    return all(part.isidentifier() for part in parts)
