"""Plain values as bytes. The guest has its own copy of these rules (`guest/values.py`).

A value is a tag of one byte and its content; a count is 32 bits, big-endian as everything here:

    N T F   None, True, False          l t S z  list, tuple, set, frozenset: count, values
    i j     int, from 0 and below 0:   d        dict: count, then keys and values in turn
            count, its size's bytes    D P      decimal, path: count, text
    f c     float, complex: doubles    q r x    fraction, range, slice: 2 or 3 ints (or None)
    s b     str, bytes: count, bytes   u        UUID: 16 bytes
    a e     date: year, month, day; timedelta: days, seconds, microseconds
    o p     time; datetime, its date first: hour, minute, second, microseconds, fold, then 0, or
            1 and the offset from UTC in microseconds
    m k     member of an enum: path, name, value; instance of a dataclass: path, count, then names
            and values in turn, in its order. Paths and names are a count and text.

Text is UTF-8, lone surrogates included. A value has exactly one encoding, the order of sets and
dicts aside; there is one NaN. `call` arguments are a tuple of a tuple and a dict with str keys,
and hold no `m` and no `k`: those are answers only.

SECURITY: what the guest sends is hostile. `decode` raises `CodecError` and nothing else, in time
linear in the bytes: no hostile value is hashed, no digits are turned into an int, every count is
held against what is left before anything is allocated.
"""

from assize_sandbox.codec.layout import CodecError, DecodeLimits
from assize_sandbox.codec.reader import decode
from assize_sandbox.codec.writer import encode, encode_call

__all__ = ["CodecError", "DecodeLimits", "decode", "encode", "encode_call"]
