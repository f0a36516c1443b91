"""Which JSON documents and schemas are taken, and what a schema says of a document."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize_server.core.bounds import MOST_JSON_DEPTH, MOST_JSON_NUMBER_CHARS, MOST_SCHEMA_BYTES
from assize_server.core.json_schema import SchemaRefused, check_schema, schema_violation
from assize_server.core.json_text import JsonFault, JsonValue, parse_json

MOST_BYTES = 100_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_document_that_json_writes_is_read_back(value: JsonValue) -> None:
    """Strictness costs no valid document."""
    assert parse_json(json.dumps(value), MOST_BYTES) == value


@given(st.text())
def test_any_text_is_a_document_or_a_fault(text: str) -> None:
    """Nothing but JsonFault comes out of hostile text."""
    try:
        parse_json(text, MOST_BYTES)
    except JsonFault as fault:
        assert str(fault)  # noqa: PT017 - most texts are no JSON


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "[Infinity]", "-Infinity", "1e999", '{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 2}',
        "1" * (MOST_JSON_NUMBER_CHARS + 1), "[" * 100_000, "[" * 99 + "]" * 99, "", "{", "1 2",
        "'a'", "[1,]", "\ufeff1", '"' + "a" * MOST_BYTES + '"',
    ],
)  # fmt: skip
def test_document_that_readers_disagree_about_or_choke_on_is_refused(text: str) -> None:
    """NaN, doubled keys, depth, size, long numbers and trailing text."""
    with pytest.raises(JsonFault):
        parse_json(text, MOST_BYTES)


def test_document_as_deep_as_allowed_is_read() -> None:
    """The bound itself is fine."""
    parse_json("[" * MOST_JSON_DEPTH + "]" * MOST_JSON_DEPTH, MOST_BYTES)
    with pytest.raises(JsonFault, match=str(MOST_JSON_DEPTH)):
        parse_json("[" * (MOST_JSON_DEPTH + 2) + "]" * (MOST_JSON_DEPTH + 2), MOST_BYTES)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 1, True),
        ({"type": "integer"}, 1.0, "1"),
        ({"const": 1}, 1, True),
        ({"pattern": "^a+$"}, "aa", "aab"),
        ({"anyOf": [{"type": "null"}, {"const": 1}]}, 1, 2),
        ({"oneOf": [{"type": "integer"}, {"const": 1}, {"type": "null"}]}, 2, 1),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, None, "1"),
        ({"uniqueItems": True}, [1, True, "1", [1]], [1, 1.0]),
        ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"a": 1}], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
        ({"$defs": {"n": {"type": "null"}}, "items": {"$ref": "#/$defs/n"}}, [None], [0]),
        ({"items": {"$ref": "#"}, "type": "array"}, [[[]]], [[[0]]]),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1}, {"b": 1}),
        ({"properties": {"$ref": {"type": "null"}}}, {"$ref": None}, {"$ref": 1}),
    ],
)
def test_document_is_judged_as_the_draft_says(
    schema: JsonValue, good: JsonValue, bad: JsonValue
) -> None:
    """Booleans are no numbers, 1 and 1.0 are equal, local references are followed."""
    text = json.dumps(schema)
    check_schema(text)
    assert schema_violation(text, good) is None
    assert schema_violation(text, bad) is not None


@pytest.mark.parametrize(
    "schema",
    [
        "true", "[]", "", '{"type": "strnig"}', '{"type": 1}', '{"minimum": NaN}',
        '{"$ref": "https://example.com/a.json"}', '{"$ref": "other.json"}', '{"$ref": "#/nowhere"}',
        '{"items": {"$ref": "file:///etc/passwd"}}', '{"$dynamicRef": "https://example.com/"}',
        '{"$schema": "http://json-schema.org/draft-07/schema#"}', '{"items": {"$id": "urn:a"}}',
        '{"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}',
        '{"patternProperties": {"(a+)+$": {}}}', '{"unevaluatedItems": false}',
        '{"pattern": "(?=a)"}', '{"pattern": "("}', '{"$ref": "#"}', '{"allOf": [{"$ref": "#"}]}',
        '{"title": "' + "a" * MOST_SCHEMA_BYTES + '"}',
    ],
)  # fmt: skip
def test_schema_that_is_malformed_or_unbounded_is_refused(schema: str) -> None:
    """Before anything runs, and without looking anything up."""
    with pytest.raises(SchemaRefused):
        check_schema(schema)


def test_schema_of_the_dialect_with_its_own_id_is_taken() -> None:
    """What most published schemas begin with."""
    check_schema(
        '{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:x", "items": '
        '{"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "null"}}}'
    )


def test_hostile_text_for_a_careless_pattern_ends() -> None:
    """`pattern` does not backtrack, also behind a reference to the root."""
    schema = '{"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": "^(a+)+$", '
    schema += '"items": {"$ref": "#"}}'
    check_schema(schema)
    assert schema_violation(schema, ["a" * 50_000 + "!"]) is not None


def test_document_that_makes_references_double_at_each_level_ends() -> None:
    """Two to the depth is not tried."""
    both = [{"$ref": "#"}, {"$ref": "#"}]
    schema = json.dumps({"type": "array", "items": {"anyOf": both}})
    check_schema(schema)
    document = parse_json("[" * 60 + "0" + "]" * 60, MOST_BYTES)
    assert schema_violation(schema, document) is not None


def test_many_unhashable_items_are_compared_in_linear_time() -> None:
    """A pairwise comparison would outlive this test suite."""
    document: JsonValue = [{"a": number} for number in range(20_000)]
    assert schema_violation('{"uniqueItems": true}', document) is None
