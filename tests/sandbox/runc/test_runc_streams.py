"""The pipes between this process and a guest."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from assize_sandbox.engines.runc.streams import (
    COMPLAINT_BYTES,
    PIPE_BYTES,
    FarEnds,
    GuestStreams,
)
from assize_sandbox.errors import ChannelClosed


class Guest:
    """The far ends, and somebody who can die."""

    def __init__(self, ends: FarEnds) -> None:
        self.ends = ends
        self.alive = True

    def die(self) -> None:
        """Close every end, once."""
        if self.alive:
            self.ends.close()
        self.alive = False


Pipes = tuple[GuestStreams, Guest]


@pytest.fixture
async def pipes() -> AsyncIterator[Pipes]:
    """Both ends, closed afterwards."""
    ours, ends = GuestStreams.open()
    guest = Guest(ends)
    yield ours, guest
    ours.close()
    guest.die()


def read_all(end: int, count: int) -> bytes:
    """Return `count` bytes."""
    with os.fdopen(os.dup(end), "rb") as file:
        return file.read(count)


async def test_bytes_arrive_in_pieces_no_larger_than_asked_for(pipes: Pipes) -> None:
    """`most` bounds what is returned; the rest stays to be received."""
    ours, guest = pipes
    os.write(guest.ends.stdout, b"abcdef")
    await ours.fill()
    assert [await ours.receive(4), await ours.receive(4)] == [b"abcd", b"ef"]


async def test_send_waits_for_a_slow_reader_and_loses_nothing(pipes: Pipes) -> None:
    """More than a pipe holds goes through as fast as the far end reads."""
    ours, guest = pipes
    data = os.urandom(5 * PIPE_BYTES)
    sending = asyncio.create_task(ours.send(data))
    await asyncio.sleep(0)
    assert not sending.done()
    reading = asyncio.to_thread(read_all, guest.ends.stdin, len(data))
    _, received = await asyncio.gather(sending, reading)
    assert received == data


async def test_death_of_the_guest_ends_both_directions(pipes: Pipes) -> None:
    """When the far ends are closed, receiving and sending say so."""
    ours, guest = pipes
    receiving = asyncio.create_task(ours.receive(1))
    await asyncio.sleep(0)
    guest.die()
    with pytest.raises(ChannelClosed):
        await receiving
    with pytest.raises(ChannelClosed):
        await ours.send(b"x")


async def test_what_was_said_before_death_is_still_received(pipes: Pipes) -> None:
    """The end of the stream comes after its last byte."""
    ours, guest = pipes
    os.write(guest.ends.stdout, b"last words")
    guest.die()
    assert await ours.receive(100) == b"last words"


async def test_closing_wakes_who_waits(pipes: Pipes) -> None:
    """A receiver does not hang when our own end is closed under it."""
    ours, _ = pipes
    receiving = asyncio.create_task(ours.receive(1))
    await asyncio.sleep(0)
    ours.close()
    ours.close()
    with pytest.raises(ChannelClosed):
        await receiving


async def test_wait_that_was_given_up_can_be_taken_up_again(pipes: Pipes) -> None:
    """Cancelling a receiver loses no byte."""
    ours, guest = pipes
    receiving = asyncio.create_task(ours.receive(1))
    await asyncio.sleep(0)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    os.write(guest.ends.stdout, b"x")
    assert await ours.receive(1) == b"x"


async def test_complaint_is_bounded(pipes: Pipes) -> None:
    """Of a flood on standard error the end is kept; silence is no error."""
    ours, guest = pipes
    assert ours.complaint() == ""
    os.write(guest.ends.stderr, b"a" * COMPLAINT_BYTES + b"the end")
    assert ours.complaint().endswith("athe end")
    assert len(ours.complaint()) <= COMPLAINT_BYTES
