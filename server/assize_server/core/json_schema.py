"""Checks JSON documents against JSON Schema (draft 2020-12) in bounded time, without a network.

The document is hostile and the schema may be careless. So patterns run on RE2, uniqueness is found
by hashing, references are counted, and what cannot be bounded is refused before anything runs:
`patternProperties` and the `unevaluated` keywords, and references out of the schema.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from assize_server.core.bounds import MOST_REFERENCES, MOST_SCHEMA_BYTES
from assize_server.core.excerpt import one_line
from assize_server.core.json_text import JsonFault, JsonValue, parse_json
from assize_server.core.patterns import PatternRefused, check_pattern, found

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REFUSED_KEYWORDS: Final = (
    "patternProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
)
"""Their cost in the library that we use cannot be bounded on hostile documents."""
_PROBES: Final[tuple[JsonValue, ...]] = (None, 0, "", [], {}, [None], {"": None})
_REFERENCE_FUNCTIONS: Final = ("$ref", "$dynamicRef")


class SchemaRefused(ValueError):
    """The schema is malformed, or asks for what we do not do."""


class _TooManyReferences(Exception):
    """Checking the document takes too many steps."""


def check_schema(text: str) -> None:
    """Refuse a schema that `schema_violation` could not use.

    Raises:
        SchemaRefused: Saying why.
    """
    schema = _read(text)
    _check_keywords(schema)
    try:
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(()))
        _check_references(schema)
        for probe in _PROBES:
            next(_validator(schema).iter_errors(probe), None)
    except SchemaError as error:
        place = "/".join(map(str, error.absolute_path))
        raise SchemaRefused(f"at /{one_line(place)}: {one_line(error.message)}") from error
    except (RecursionError, _TooManyReferences) as error:
        raise SchemaRefused("the schema refers to itself without end") from error


def schema_violation(schema_text: str, document: JsonValue) -> str | None:
    """Return where and how the document breaks the schema, None if it satisfies it.

    Raises:
        SchemaRefused: A schema that admission did not check.
    """
    validator = _validator(_read(schema_text))
    try:
        error = next(validator.iter_errors(document), None)
    except (RecursionError, _TooManyReferences):
        return "the document makes the schema refer to itself too often; nest it less"
    if error is None:
        return None
    place = "/".join(map(str, error.absolute_path))
    return f"at /{one_line(place)}: {one_line(error.message, 300)}"


def _read(text: str) -> dict[str, JsonValue]:
    try:
        schema = parse_json(text, MOST_SCHEMA_BYTES)
    except JsonFault as error:
        raise SchemaRefused(str(error)) from error
    if not isinstance(schema, dict):
        raise SchemaRefused(f"a schema is a JSON object, this is {one_line(text, 50)}")
    if schema.get("$schema", DIALECT) != DIALECT:
        raise SchemaRefused(f"$schema must be {DIALECT}, got {one_line(str(schema['$schema']))}")
    # The library leaves our keywords for its own wherever it meets a `$schema`.
    return {key: value for key, value in schema.items() if key not in {"$schema", "$id"}}


def _check_keywords(value: JsonValue) -> None:
    if isinstance(value, list):
        for item in value:
            _check_keywords(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        _check_keyword(key, item)
        _check_keywords(item)


def _check_keyword(key: str, value: JsonValue) -> None:
    if key in REFUSED_KEYWORDS:
        raise SchemaRefused(f"{key} is not supported; use properties and additionalProperties")
    if not isinstance(value, str):
        return
    if key in {"$id", "$schema"}:
        raise SchemaRefused(f"{key} may only stand at the top of the schema")
    if key in _REFERENCE_FUNCTIONS and not value.startswith("#"):
        raise SchemaRefused(f"{key} may only point inside the schema (#/…), got {one_line(value)}")
    if key == "pattern":
        try:
            check_pattern(value)
        except PatternRefused as error:
            raise SchemaRefused(f"pattern {one_line(value, 50)}: {error}") from error


def _check_references(schema: dict[str, JsonValue]) -> None:
    resolver = _no_network().resolver_with_root(DRAFT202012.create_resource(schema))
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise SchemaRefused(f"{one_line(reference)} points at nothing") from error


def _references(value: JsonValue) -> Iterator[str]:
    children: list[JsonValue] = []
    if isinstance(value, list):
        children = value
    elif isinstance(value, dict):
        children = list(value.values())
        yield from (
            target for key in _REFERENCE_FUNCTIONS if isinstance(target := value.get(key), str)
        )
    for child in children:
        yield from _references(child)


def _no_network() -> Registry[Any]:
    # The library's default registry fetches what it does not know.
    return Registry()


def _validator(schema: dict[str, JsonValue]) -> Validator:
    followed = 0

    def reference(
        validator: Any, target: str, instance: object, subschema: object
    ) -> Iterator[ValidationError]:
        nonlocal followed
        followed += 1
        if followed > MOST_REFERENCES:
            raise _TooManyReferences
        yield from original(validator, target, instance, subschema)

    original = Draft202012Validator.VALIDATORS["$ref"]
    keywords = {
        "$ref": reference,
        "$dynamicRef": reference,
        "anyOf": _any_of,
        "oneOf": _one_of,
        "pattern": _pattern,
        "uniqueItems": _unique_items,
    }
    bounded: type[Validator] = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, keywords
    )
    return bounded(schema, registry=_no_network())


def _fitting(validator: Any, schemas: list[JsonValue], instance: object) -> Iterator[int]:
    # The library keeps an error with the instance's text for each schema that does not fit.
    for index, schema in enumerate(schemas):
        if validator.evolve(schema=schema).is_valid(instance):
            yield index


def _any_of(
    validator: Any, schemas: list[JsonValue], instance: object, schema: object
) -> Iterator[ValidationError]:
    if next(_fitting(validator, schemas, instance), None) is None:
        yield ValidationError(f"none of the {len(schemas)} schemas of anyOf fits")


def _one_of(
    validator: Any, schemas: list[JsonValue], instance: object, schema: object
) -> Iterator[ValidationError]:
    fitting = list(islice(_fitting(validator, schemas, instance), 2))
    if len(fitting) != 1:
        how = f"schemas {fitting[0]} and {fitting[1]} both fit" if fitting else "none fits"
        yield ValidationError(f"exactly one of {len(schemas)} schemas must fit, but {how}")


def _pattern(
    validator: Any, pattern: str, instance: object, schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not found(pattern, instance):
        yield ValidationError(f"{instance[:200]!a} does not match {pattern!a}")


def _unique_items(
    validator: Any, wanted: bool, instance: object, schema: object
) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        keys = {json.dumps(_canonical(item), sort_keys=True) for item in instance}
        if len(keys) < len(instance):
            yield ValidationError("the array has equal items")


def _canonical(value: JsonValue) -> JsonValue:
    """Write numbers that JSON Schema calls equal, such as 1 and 1.0, in one way."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value
