"""`spec.yaml`: the Spec message written by people.

The file is strict YAML (`assize.strict_yaml`) whose keys are the field names of
proto/assize/v1/spec.proto. Unknown keys, values of another type and missing choices are errors
that name file, line and column.
"""

import difflib
import re
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError

from assize.convert.spec import spec_from_proto
from assize.errors import InvalidFields, InvalidRequest, ReasonCode
from assize.model.spec import Spec
from assize.strict_yaml import Document, Plain, YamlError, load
from assize.strict_yaml import Path as Place
from assize.v1 import spec_pb2

_INT32 = range(-(2**31), 2**31)
_MOST_SHOWN = 40


def load_spec(path: Path) -> Spec:
    """Read a spec file.

    Raises:
        InvalidRequest: It cannot be read, or it is not a spec; the message names line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _invalid(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _invalid(f"{path}: not UTF-8 at byte {error.start}") from error
    return parse_spec(text, str(path))


def parse_spec(text: str, source: str = "spec.yaml") -> Spec:
    """Read the text of a spec file; `source` is the name that errors show.

    Raises:
        InvalidRequest: It is not a spec; the message names line and column.
    """
    try:
        return _spec(load(text, source))
    except YamlError as error:
        raise _invalid(str(error)) from error


def _invalid(problem: str) -> InvalidRequest:
    return InvalidRequest(problem, reason=ReasonCode.INVALID_REQUEST)


def _spec(document: Document) -> Spec:
    data = _check_message(document, document.data, spec_pb2.Spec.DESCRIPTOR, ())
    message = spec_pb2.Spec()
    try:
        ParseDict(data, message)
    except ParseError as error:
        raise document.error((), str(error)) from error
    try:
        return spec_from_proto(message)
    except InvalidFields as error:
        first = error.violations[0]
        raise document.error(_place(first.field), first.description) from error


def _place(field: str) -> Place:
    """Return the place of a field such as `spec.checks[0].stdout`, which starts at the spec."""
    parts = re.findall(r"\w+", field.removeprefix("spec"))
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _check_message(
    document: Document, data: Plain, message: Descriptor, place: Place
) -> dict[str, Plain]:
    """Refuse what protobuf's own parser would let through or tell without a line."""
    if not isinstance(data, dict):
        raise document.error(place, f"expected keys and values, got {_shown(data)}")
    for key, value in data.items():
        field = message.fields_by_name.get(key)
        if field is None:
            raise document.error((*place, key), _unknown_key(key, message))
        _check_field(document, value, field, (*place, key))
    for oneof in message.oneofs:
        chosen = [field.name for field in oneof.fields if field.name in data]
        if len(chosen) > 1:
            problem = f"only one of {', '.join(chosen)} may be given"
            raise document.error((*place, chosen[1]), problem)
    return data


def _check_field(document: Document, data: Plain, field: FieldDescriptor, place: Place) -> None:
    # A repeated field's default is the empty list; `label` and `is_repeated` exist in some versions
    # of protobuf only.
    if field.default_value != []:
        _check_value(document, data, field, place)
    elif isinstance(data, list):
        for index, item in enumerate(data):
            _check_value(document, item, field, (*place, index))
    else:
        raise document.error(place, f"expected a list, got {_shown(data)}")


def _check_value(document: Document, data: Plain, field: FieldDescriptor, place: Place) -> None:
    if field.message_type is not None:
        _check_message(document, data, field.message_type, place)
        return
    fits, expected = _EXPECTED[field.type]
    # `type`, not isinstance: true is no number here.
    if type(data) not in fits:
        hint = "; put it in quotes" if expected == "text" and not _holds(data) else ""
        raise document.error(place, f"expected {expected}, got {_shown(data)}{hint}")
    if field.type == FieldDescriptor.TYPE_INT32 and data not in _INT32:
        raise document.error(place, f"{data} does not fit in 32 bits")


_EXPECTED: dict[int, tuple[frozenset[type], str]] = {
    FieldDescriptor.TYPE_STRING: (frozenset({str}), "text"),
    FieldDescriptor.TYPE_BOOL: (frozenset({bool}), "true or false"),
    FieldDescriptor.TYPE_INT32: (frozenset({int}), "a whole number"),
    FieldDescriptor.TYPE_INT64: (frozenset({int}), "a whole number"),
    FieldDescriptor.TYPE_DOUBLE: (frozenset({int, float}), "a number"),
}
"""For each type of field that a spec has: the types that fit, and their name for people."""


def _unknown_key(key: str, message: Descriptor) -> str:
    known = sorted(message.fields_by_name)
    close = difflib.get_close_matches(key[:_MOST_SHOWN], known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"unknown key; {hint}"


def _holds(data: Plain) -> bool:
    return isinstance(data, dict | list)


def _shown(data: Plain) -> str:
    if isinstance(data, dict):
        return "keys and values"
    if isinstance(data, list):
        return "a list"
    text = {True: "true", False: "false"}[data] if isinstance(data, bool) else repr(data)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
