"""JSON by the C half of the `json` package alone.

The Python half brings `re` and `enum` with it: milliseconds of CPU time in the start of every
container, which is most of what starting our programs takes. What is read and written here is what
`json.loads` and `json.dumps` with the tightest separators would read and write.
"""

import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class _Reading:
    """What json.decoder.JSONDecoder tells the scanner, its defaults."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: "dict[str, str]" = {}  # noqa: RUF012 - the scanner asks for it, and keeps its own


def _refuse(value: object) -> "NoReturn":
    raise TypeError(f"{type(value).__name__} has no JSON form")


_scan = _json.make_scanner(_Reading)  # type: ignore[arg-type]
_encode = _json.make_encoder(
    *(None, _refuse, _json.encode_basestring_ascii, None, ":", ",", False, False, True)
)


def loads(data: bytes) -> "Any":
    """Read a document that begins with its first character; what it says is trusted."""
    return _scan(data.decode(), 0)[0]


def dumps(value: object) -> bytes:
    """Write a document."""
    return "".join(_encode(value, 0)).encode()
