"""What the guest says at the end: its form is checked, whatever was sent instead."""

import json
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import Reason
from assize_sandbox.errors import ProtocolViolation
from assize_sandbox.evidence import Ending
from assize_sandbox.frames import Frame
from assize_sandbox.outcome import CallOutcome, Outcome
from assize_sandbox.replies import (
    DETAIL_MOST_CHARS,
    NAME_MOST_CHARS,
    NAMES_MOST,
    detail_of,
    read_ending,
    read_raised,
    read_reply,
)

ENDED = Outcome(None, exit_code=0)
UNREADABLE = (("?",), "the exception cannot be read")

json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
statuses = json_values | st.integers(-2, 257) | st.none()
ending_headers = st.dictionaries(
    st.sampled_from(["code", "signal", "flooded", "disk_full", "detail"]), statuses
)
kinds = st.sampled_from(["value", "raised", "refused", "none", "VALUE", ""]) | json_values


def told(**names_and_message: object) -> bytes:
    """Return the payload of a `raised` reply."""
    return json.dumps(names_and_message).encode()


@given(ending_headers)
def test_hostile_ending_is_refused_or_one_of_the_two_forms(header: dict[str, object]) -> None:
    """Either an exit status or a signal, in range, never both; else it is no ending."""
    try:
        ending = read_ending(Frame(header))
    except ProtocolViolation:
        return
    assert (ending.code is None) != (ending.signal is None)
    assert (ending.code or ending.signal or 0) in range(256)
    assert type(ending.flooded) is type(ending.disk_full) is bool


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"code": 0, "signal": 9},
        {"code": None, "signal": None},
        {"code": -1},
        {"code": 256},
        {"code": True},
        {"code": 0.0},
        {"code": "0"},
        {"code": [0]},
        {"code": {}},
        {"signal": False},
        {"signal": float("nan")},
        {"signal": 10**400},
    ],
)
def test_ending_of_another_form_is_a_violation(header: dict[str, object]) -> None:
    """A look-alike of success is no success."""
    with pytest.raises(ProtocolViolation):
        read_ending(Frame(header))


def test_flags_are_set_by_true_alone() -> None:
    """Whatever else stands there is no flag."""
    assert read_ending(Frame({"code": 0, "flooded": 1, "disk_full": "yes"})) == Ending(0, None)
    assert read_ending(Frame({"code": 0, "flooded": True})).flooded


@given(kinds, st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_hostile_reply_is_refused_or_answers_in_one_way(kind: object, payload: bytes) -> None:
    """A value, an exception, a refusal or a failure: exactly one of them."""
    try:
        reply = read_reply(Frame({"kind": kind}, payload), ENDED)
    except ProtocolViolation:
        return
    answers = (reply.value is not None, reply.raised != (), reply.refused != "")
    assert sum((*answers, reply.outcome.reason is not None)) == 1


def test_value_is_passed_on_unread() -> None:
    """It is still hostile; the codec is for that."""
    reply = read_reply(Frame({"kind": "value"}, b"\xff\0"), ENDED)
    assert reply == CallOutcome(ENDED, value=b"\xff\0")


def test_process_that_ends_without_an_answer_has_failed() -> None:
    """An exit with 0 before the function returned is no answer."""
    outcome = read_reply(Frame({"kind": "none"}), ENDED).outcome
    assert (outcome.reason, outcome.exit_code) == (Reason.RUNTIME_ERROR, 0)


@pytest.mark.parametrize("kind", [None, "Value", ["value"], {"kind": "value"}, 0])
def test_reply_of_no_known_kind_is_a_violation(kind: object) -> None:
    """There are four kinds, and no fifth."""
    with pytest.raises(ProtocolViolation):
        read_reply(Frame({"kind": kind}), ENDED)


def test_exception_is_told_by_its_names_and_message() -> None:
    """The class first, then its builtin bases."""
    payload = told(names=["KeyError", "LookupError"], message="nothing")
    reply = read_reply(Frame({"kind": "raised"}, payload), ENDED)
    assert (reply.raised, reply.outcome.detail) == (("KeyError", "LookupError"), "nothing")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        told(),
        told(names=[]),
        told(names="KeyError"),
        told(names={"KeyError": 1}),
        b'{"names": ' + b"9" * 5000 + b"}",
        b'{"names": ["KeyError"]',
    ],
)
def test_exception_of_another_form_has_no_name(payload: bytes) -> None:
    """It was raised, that is all we know; no check can expect a class called `?`."""
    assert read_raised(payload) == UNREADABLE


@given(st.lists(json_values | st.text(max_size=300), max_size=40), json_values)
def test_what_is_told_of_an_exception_is_bounded_text(names: list[object], message: object) -> None:
    """However many names and however long, of whatever type."""
    short, detail = read_raised(told(names=names, message=message))
    assert 1 <= len(short) <= NAMES_MOST
    assert all(type(name) is str and len(name) <= NAME_MOST_CHARS for name in short)
    assert len(detail) <= DETAIL_MOST_CHARS


def test_nesting_of_any_depth_is_told_or_refused() -> None:
    """What can be parsed can be shown: no depth lies between the two."""
    limit = sys.getrecursionlimit()
    for depth in range(limit - 200, limit + 20):
        nested = b"[" * depth + b"]" * depth
        names, _ = read_raised(b'{"names": [' + nested + b'], "message": ' + nested + b"}")
        assert len(names) == 1


@pytest.mark.parametrize(
    "read",
    [
        lambda text: detail_of(Frame({"detail": text})),
        lambda text: read_raised(told(names=["E"], message=text))[1],
        lambda text: read_reply(Frame({"kind": "refused"}, text.encode()), ENDED).refused,
    ],
)
def test_explanations_are_cut(read: Callable[[str], str]) -> None:
    """Nobody's log is filled by a candidate."""
    assert read("a" * 10 * DETAIL_MOST_CHARS) == "a" * DETAIL_MOST_CHARS


def test_refusal_that_is_no_text_is_told_all_the_same() -> None:
    """Bytes that are not UTF-8 do not get in the way, nor does silence pass for an answer."""
    assert read_reply(Frame({"kind": "refused"}), ENDED).refused != ""
    assert read_reply(Frame({"kind": "refused"}, b"a\xffb"), ENDED).refused == "a\ufffdb"
