"""What is kept of a stream: its head, its tail, and how long it was."""

from hypothesis import example, given
from hypothesis import strategies as st

from assize.model.verdict import Output
from assize_sandbox.output import Recorder

most = st.integers(0, 12)
chunks = st.lists(st.binary(max_size=15), max_size=12)


def recorded(most_bytes: int, pieces: list[bytes]) -> Output:
    """Return what a recorder keeps of a stream that comes in pieces."""
    recorder = Recorder(most_bytes)
    for piece in pieces:
        recorder.write(piece)
    return recorder.output()


@given(most, chunks)
@example(0, [b"a"])
@example(1, [b"a", b"b"])
def test_kept_is_the_same_however_the_stream_was_cut(most_bytes: int, pieces: list[bytes]) -> None:
    """The chunks are the candidate's choice and say nothing."""
    assert recorded(most_bytes, pieces) == recorded(most_bytes, [b"".join(pieces)])


@given(most, chunks)
def test_head_and_tail_are_the_streams_own_and_the_total_is_true(
    most_bytes: int, pieces: list[bytes]
) -> None:
    """What is shown of a stream was written at its beginning and at its end."""
    stream = b"".join(pieces)
    kept = recorded(most_bytes, pieces)
    assert stream.startswith(kept.head)
    assert stream.endswith(kept.tail)
    assert kept.total_bytes == len(stream)
    assert len(kept.head) + len(kept.tail) == min(most_bytes, len(stream))


@given(most, chunks)
def test_stream_within_the_limit_is_kept_whole(most_bytes: int, pieces: list[bytes]) -> None:
    """Nothing is lost of it, and `truncated` says so exactly then."""
    stream = b"".join(pieces)
    kept = recorded(most_bytes, pieces)
    assert kept.truncated == (len(stream) > most_bytes)
    if not kept.truncated:
        assert kept.head + kept.tail == stream


@given(chunks)
def test_what_was_given_out_does_not_change_afterwards(pieces: list[bytes]) -> None:
    """An output is a value, not a view of a stream that goes on."""
    recorder = Recorder(4)
    before = recorder.output()
    for piece in pieces:
        recorder.write(piece)
    assert before == Output(b"", b"", 0)
