"""Entries of the audit log: one form, the same bytes everywhere, and nothing else is read."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.audit.entries import (
    ENTRY_MOST_BYTES,
    TEXT_MOST_CHARS,
    Entry,
    EntryKind,
    MalformedEntry,
    decode,
    encode,
)
from assize.model.callers import SERVICE, Caller, Role

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
ENTRIES = st.builds(
    Entry,
    st.sampled_from(EntryKind),
    st.integers(0, 2**53 - 1),
    st.builds(Caller, TEXTS, st.sampled_from(Role)),
    st.dictionaries(NAMES, TEXTS, max_size=4),
    st.dictionaries(NAMES, st.from_regex(r"[0-9a-f]{64}", fullmatch=True), max_size=4),
    st.dictionaries(NAMES, st.integers(0, 2**53 - 1), max_size=4),
    st.sampled_from(["", "PASSED", "A_1"]),
)
PLAIN = Entry(EntryKind.HOLD, 1, SERVICE, {"hold_id": "h1"}, {"effects": "0" * 64}, {"n": 2}, "X")
BYTES = (
    b'{"actor":{"name":"assize","role":"service"},"counts":{"n":2},"digests":{"effects":"'
    + b"0" * 64
    + b'"},"kind":"hold","outcome":"X","subject":{"hold_id":"h1"},"time_ms":1,'
    b'"type":"assize.audit.v1"}'
)


@given(ENTRIES)
def test_entry_comes_back_from_its_bytes(entry: Entry) -> None:
    """Whatever it says."""
    assert decode(encode(entry)) == entry


def test_bytes_of_an_entry_do_not_change() -> None:
    """A log that was written yesterday must have the same root tomorrow."""
    assert encode(PLAIN) == BYTES


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_anything_else_is_malformed_and_nothing_worse(data: bytes) -> None:
    """Every other failure would end a verification in the middle."""
    with pytest.raises(MalformedEntry):
        decode(data)


@pytest.mark.parametrize(
    "changed",
    [
        BYTES.replace(b'"n":2', b'"n":1,"n":2'),
        BYTES.replace(b'"n":2', b'"n": 2'),
        BYTES.replace(b'"n":2', b'"n":2.0'),
        BYTES.replace(b'"n":2', b'"n":true'),
        BYTES.replace(b'"n":2', b'"n":-1'),
        BYTES.replace(b'"time_ms":1', b'"time_ms":1e0'),
        BYTES.replace(b"hold_id", b"Hold-id"),
        BYTES.replace(b'"h1"', b'""'),
        BYTES.replace(b'"h1"', b"null"),
        BYTES.replace(b'"h1"', b'"\\u0068\\u0031"'),
        BYTES.replace(b'"h1"', b'"\\ud800"'),
        BYTES.replace(b'"hold"', b'"holiday"'),
        BYTES.replace(b'"service"', b'"root"'),
        BYTES.replace(b'"X"', b'"x y"'),
        BYTES.replace(b"audit.v1", b"audit.v2"),
        BYTES.replace(b"0" * 64, b"0" * 63),
        BYTES.replace(b"{", b'{"extra":1,', 1),
        BYTES.replace(b'"outcome":"X",', b""),
        BYTES + b"\n",
        b"\xef\xbb\xbf" + BYTES,
        b"[" * 100_000,
        b"",
    ],
)
def test_other_spellings_are_malformed(changed: bytes) -> None:
    """No two readers can take one entry for two different ones."""
    assert changed != BYTES
    with pytest.raises(MalformedEntry):
        decode(changed)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PLAIN, time_ms=-1),
        replace(PLAIN, time_ms=2**53),
        replace(PLAIN, outcome="no good"),
        replace(PLAIN, actor=Caller("", Role.SERVICE)),
        replace(PLAIN, subject={"hold_id": "x" * (TEXT_MOST_CHARS + 1)}),
        replace(PLAIN, subject={"hold_id": "\ud800"}),
        replace(PLAIN, subject={f"n{number}": "x" for number in range(33)}),
        replace(PLAIN, subject={f"n{number}": "\x01" * 500 for number in range(32)}),
        replace(PLAIN, digests={"effects": "sha256:1"}),
        replace(PLAIN, counts={"n": True}),
    ],
)
def test_entry_that_says_what_none_may_is_not_written(wrong: Entry) -> None:
    """Its size is bounded, too."""
    with pytest.raises(MalformedEntry):
        encode(wrong)


def test_large_entry_is_not_even_parsed() -> None:
    """The bound comes first."""
    document = json.loads(BYTES)
    document["actor"]["name"] = "x" * ENTRY_MOST_BYTES
    with pytest.raises(MalformedEntry, match="bytes"):
        decode(json.dumps(document).encode())
