"""Frames: whatever is sent arrives whole, whatever is hostile is refused."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted import ScriptedContainer

from assize_sandbox.channel import Channel
from assize_sandbox.errors import ChannelClosed, ProtocolViolation
from assize_sandbox.frames import (
    HEADER_MOST,
    PAYLOAD_MOST,
    PREFIX,
    Frame,
    decode,
    encode,
    sizes,
)

names = st.text(st.characters(categories=None), max_size=8)
plain: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
all_frames = st.builds(Frame, st.dictionaries(names, plain, max_size=5), st.binary(max_size=50))


def heard(pieces: list[bytes]) -> list[Frame]:
    """Return every frame that a channel makes of the pieces."""

    async def listen() -> list[Frame]:
        channel = Channel(ScriptedContainer(pieces))
        frames = []
        try:
            while True:
                frames.append(await channel.receive())
        except ChannelClosed:
            return frames

    return asyncio.run(listen())


@given(all_frames)
def test_frame_comes_back_from_its_bytes(frame: Frame) -> None:
    """Header and payload, lone surrogates included."""
    data = encode(frame)
    header, payload = sizes(data[: PREFIX.size])
    rest = data[PREFIX.size :]
    assert decode(rest[:header], rest[header:]) == frame
    assert len(rest) == header + payload


@given(st.lists(all_frames, max_size=4), st.data())
def test_frames_arrive_however_the_stream_is_cut(frames: list[Frame], data: st.DataObject) -> None:
    """A piece may hold half a prefix, or two frames and a half."""
    stream = b"".join(map(encode, frames))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    ends = [*cuts, len(stream)]
    pieces = [stream[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    assert heard(pieces) == frames


@given(all_frames, st.data())
def test_part_of_a_frame_is_no_frame(frame: Frame, data: st.DataObject) -> None:
    """A guest that dies in the middle of a sentence has said nothing."""
    whole = encode(frame)
    kept = data.draw(st.integers(0, len(whole) - 1))
    assert heard([whole[:kept]]) == []


@pytest.mark.parametrize("lengths", [(HEADER_MOST, PAYLOAD_MOST), (0, 0)])
def test_length_at_its_bound_is_taken(lengths: tuple[int, int]) -> None:
    """The bound is what may be sent."""
    assert sizes(PREFIX.pack(*lengths)) == lengths


@pytest.mark.parametrize(
    "lengths", [(HEADER_MOST + 1, 0), (0, PAYLOAD_MOST + 1), (2**32 - 1, 2**32 - 1)]
)
def test_length_over_its_bound_is_refused_before_anything_is_read(
    lengths: tuple[int, int],
) -> None:
    """An announcement costs the guest eight bytes; believing it would cost us four gigabytes."""
    with pytest.raises(ProtocolViolation):
        heard([PREFIX.pack(*lengths)])


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b'"ev"',
        b"0",
        b'{"ev": "end"',
        b'{"ev": "end"} {}',
        b"\xff\xfe\xff",
        b"[" * HEADER_MOST,
        b'{"code":' * (HEADER_MOST // 8),
        b'{"code": ' + b"9" * 5000 + b"}",
        b"{1: 2}",
    ],
    ids=range(12),
)
def test_header_that_is_no_json_object_is_a_violation(header: bytes) -> None:
    """Too deep and too many digits are no JSON to us."""
    with pytest.raises(ProtocolViolation):
        decode(header, b"")


@given(st.binary(max_size=60) | plain.map(lambda value: json.dumps(value).encode()))
def test_any_header_is_an_object_or_a_violation(header: bytes) -> None:
    """Nothing else gets out, and every key is a str: its hash is randomised."""
    try:
        frame = decode(header, b"")
    except ProtocolViolation:
        return
    assert type(frame.header) is dict
    assert all(type(key) is str for key in frame.header)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_stream_is_frames_or_a_violation(pieces: list[bytes]) -> None:
    """Whatever a guest that was taken over writes."""
    try:
        frames = heard(pieces)
    except ProtocolViolation:
        return
    assert all(type(frame) is Frame for frame in frames)
