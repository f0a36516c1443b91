"""Regular expressions in time linear in the text: RE2, never the backtracking `re`.

The text is hostile, and a pattern that is harmless on honest output can take years on output made
for it.
"""

from typing import Final, Protocol

import re2  # type: ignore[import-untyped]

from assize_server.core.bounds import MOST_PATTERN_CHARS, MOST_PATTERN_PROGRAM


class PatternRefused(ValueError):
    """The pattern is malformed, too long or too costly."""


class _Compiled(Protocol):
    """The part of RE2's compiled pattern that we use; the library has no types."""

    @property
    def programsize(self) -> int: ...

    def search(self, text: bytes) -> object | None: ...


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return options


_OPTIONS: Final = _options()


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that `found` could not use.

    Raises:
        PatternRefused: Saying why.
    """
    _compiled(pattern)


def pattern_fault(pattern: str) -> str | None:
    """Return why a pattern cannot be asked for, None if it can."""
    if not pattern:
        return "the empty pattern matches everything"
    try:
        check_pattern(pattern)
    except PatternRefused as error:
        return str(error)
    return None


def found(pattern: str, text: str) -> bool:
    """Return whether the pattern matches somewhere; `^` and `$` anchor the whole text.

    Raises:
        PatternRefused: The pattern was never checked.
    """
    return _compiled(pattern).search(text.encode()) is not None


def _compiled(pattern: str) -> _Compiled:
    if len(pattern) > MOST_PATTERN_CHARS:
        raise PatternRefused(
            f"a pattern has at most {MOST_PATTERN_CHARS} characters, this one {len(pattern)}"
        )
    try:
        encoded = pattern.encode()
    except UnicodeEncodeError as error:
        raise PatternRefused("a pattern has no lone surrogates") from error
    try:
        compiled: _Compiled = re2.compile(encoded, options=_OPTIONS)
    except re2.error as error:
        raise PatternRefused(f"not a pattern of RE2's syntax: {_told(error)}") from error
    if compiled.programsize > MOST_PATTERN_PROGRAM:
        raise PatternRefused(
            f"the pattern compiles to {compiled.programsize} steps, at most "
            f"{MOST_PATTERN_PROGRAM} are allowed; use smaller repetitions"
        )
    return compiled


def _told(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
