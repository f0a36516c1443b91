"""Which files can be analysed at all.

Analysers read UTF-8. A file that Python would decode in another way than they do could show them
one program and run another, so it is refused and not guessed at.
"""

import re
from typing import Final

from assize.model.submission import SourceFile
from assize.model.verdict import Finding, Severity

_CODING: Final = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
"""https://docs.python.org/3.11/reference/lexical_analysis.html#encoding-declarations"""
_EMPTY_OR_COMMENT: Final = re.compile(rb"[ \t\f]*(?:#.*)?")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_UTF8: Final = frozenset({b"utf-8", b"utf8", b"utf-8-sig", b"ascii", b"us-ascii", b"u8"})


def is_python(file: SourceFile) -> bool:
    """Tell whether a file is Python source by its name."""
    return file.path.endswith(".py")


def unreadable(file: SourceFile) -> Finding | None:
    """Return why a file cannot be analysed, if it cannot."""
    problem = _problem(file.content)
    if problem is None:
        return None
    return Finding("assize", "unparsable", Severity.ERROR, file.path, 1, 0, problem)


def _problem(content: bytes) -> str | None:
    encoding = declared_encoding(content)
    if encoding is not None and encoding not in _UTF8:
        shown = encoding.decode(errors="replace")[:40]
        return f"the file declares the encoding {shown!r}; write it in UTF-8"
    zero = content.find(b"\0")
    if zero >= 0:
        return f"byte {zero} is NUL, which Python source cannot hold; remove it"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8; write the file in UTF-8"
    return None


def declared_encoding(content: bytes) -> bytes | None:
    """Return the encoding that a comment in the first two lines names, lower-cased."""
    first, *rest = _LINE_END.split(content.removeprefix(b"\xef\xbb\xbf"), maxsplit=2)
    lines = [first, *rest[:1]] if _EMPTY_OR_COMMENT.fullmatch(first) else [first]
    for line in lines:
        found = _CODING.match(line)
        if found is not None:
            return found[1].lower().replace(b"_", b"-")
    return None
