"""What a databases guest answers is hostile: it has the closed form, or it is no answer."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assize.model.effects import Effect, EffectKind, RowChange
from assize_sandbox.effects.database_answers import (
    COLUMNS_MOST,
    COUNT_MOST,
    EFFECTS_MOST,
    ROWS_MOST,
    TABLE_MOST,
    TEXT_MOST,
    NotCompared,
    read_answer,
)
from assize_sandbox.errors import ProtocolViolation

GOOD: dict[str, object] = {
    "kind": "update",
    "table": "main.t",
    "count": 3,
    "rows": [[[["id", "1"]], [["v", "2"]], [["v", "3"]]]],
    "detail": "",
}


def answered(*effects: object) -> bytes:
    """Return an answer of these effects."""
    return json.dumps({"effects": effects}).encode()


def test_answer_becomes_effects() -> None:
    """Field for field."""
    row = RowChange((("id", "1"),), (("v", "2"),), (("v", "3"),))
    expected = Effect(EffectKind.DB_UPDATE, "a.db", table="main.t", count=3, rows=(row,))
    assert read_answer("a.db", answered(GOOD)) == (expected,)


BAD: dict[str, bytes] = {
    "no JSON": b"{",
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "no effects": b"{}",
    "more than effects": b'{"effects": [], "more": 1}',
    "a fault that is no text": b'{"fault": 1}',
    "too many effects": answered(*[GOOD] * (EFFECTS_MOST + 1)),
    "an effect that is no object": answered(1),
    "a file's kind": answered(GOOD | {"kind": "fs.create"}),
    "an unknown key": answered(GOOD | {"path": "elsewhere"}),
    "a missing key": answered({"kind": "update"}),
    "no rows counted": answered(GOOD | {"count": 0}),
    "a negative count": answered(GOOD | {"count": -1}),
    "a truth for a count": answered(GOOD | {"count": True}),
    "a huge count": answered(GOOD | {"count": COUNT_MOST + 1}),
    "a long table": answered(GOOD | {"table": "x" * (TABLE_MOST + 1)}),
    "a table that is no UTF-8": answered(GOOD | {"table": "\udcff"}),
    "rows that are no list": answered(GOOD | {"rows": {}}),
    "too many rows": answered(GOOD | {"rows": [[[], [], []]] * (ROWS_MOST + 1)}),
    "a row of two parts": answered(GOOD | {"rows": [[[], []]]}),
    "too many columns": answered(GOOD | {"rows": [[[["a", "b"]] * (COLUMNS_MOST + 1), [], []]]}),
    "a cell that is no text": answered(GOOD | {"rows": [[[["a", 1]], [], []]]}),
    "a detail that is no text": answered(GOOD | {"detail": None}),
}


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD)
def test_answer_of_another_form_is_refused(payload: bytes) -> None:
    """Nothing is guessed from it."""
    with pytest.raises(ProtocolViolation):
        read_answer("a.db", payload)


def test_fault_is_told_with_its_reason() -> None:
    """The guest could not compare; its reason is a bounded line."""
    with pytest.raises(NotCompared) as caught:
        read_answer("a.db", json.dumps({"fault": "bad\n\x1b[2J" + "x" * 999}).encode())
    assert str(caught.value).startswith("bad\\n\\x1b[2Jxxx")
    assert len(str(caught.value)) < TEXT_MOST * 2


def test_texts_of_rows_and_details_are_escaped_and_cut() -> None:
    """Control and direction characters of names and values reach nobody's screen."""
    rows = [[[["a\n", "'\x1b'"]], [], [["\u202eb", "x" * 999]]]]
    (effect,) = read_answer("a.db", answered(GOOD | {"rows": rows, "detail": "\r\udcff"}))
    assert effect.rows[0].key == (("a\\n", "'\\x1b'"),)
    assert effect.rows[0].after == (("\\u202eb", "x" * TEXT_MOST),)
    assert effect.detail == "\\r\\udcff"


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*GOOD, "effects", "fault"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    told=JSONS
    | st.builds(
        lambda part: {"effects": [GOOD | part]}, st.dictionaries(st.sampled_from(list(GOOD)), JSONS)
    )
)
def test_any_answer_is_effects_of_that_database_or_refused(told: object) -> None:
    """Whatever the guest sends, no other error leaves, and no effect but one of this database."""
    try:
        effects = read_answer("a.db", json.dumps(told).encode())
    except (ProtocolViolation, NotCompared):
        return
    assert all(effect.path == "a.db" and effect.kind.startswith("db.") for effect in effects)
    assert all(effect.count > 0 for effect in effects)
