"""Words that a source must have if a static rule matches it.

ast-grep reads each rule anew for each file, which takes longer than matching it: most rules are
about words that most sources have not, and are left out there. The words are derived from the rule
and never written by hand, so that they cannot contradict it.

A word that begins and ends with `EDGE` must stand by itself: `os`, and not within `close`.

INVARIANT: a source that Python takes and in which a rule matches has one of its words, in small
letters or in others. What is not understood here yields no words: such a rule is always matched.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Words = frozenset[str]
"""One of them must be there; none at all: nothing is known."""
UNKNOWN: Final[Words] = frozenset()
EDGE: Final = "\b"
_ALONE = re.compile("[a-z0-9_]+")
MOST: Final = 200
"""Words of a regular expression; beyond that, as if nothing were known."""
_FLAGS = re.compile(r"\(\?[ims]+\)")
_LITERAL = re.compile(r"[A-Za-z0-9_/:#@%&=~!\"'<>, -]")
_ESCAPED = re.compile(r"\\[.*+?()\[\]{}|^$/-]")
_EDGE = re.compile(r"\^|\$|\\b")
_NOTHING = re.compile(r"\\[BdDsSwWtrn]|\.|\[\^?\]?(?:[^\]\\]|\\.)*\]")
"""What stands for no letter that we know."""
_REPEAT = re.compile(r"[?*+]\??|\{[0-9,]*\}\??")


class _Unclear(Exception):
    """A regular expression has what is not understood here."""


def of_rule(rule: object) -> Words:
    """Return the words of an ast-grep rule object: all that it says holds at once."""
    if not isinstance(rule, Mapping):
        return UNKNOWN
    return best(_of_entry(key, value) for key, value in rule.items())


def _of_entry(key: object, value: object) -> Words:
    match key, value:
        case "regex", str():
            return of_regex(value)
        case (("inside" | "has" | "precedes" | "follows"), _):
            # Whatever it is near to is in the source as well.
            return of_rule(value)
        case "all", list():
            return best(map(of_rule, value))
        case "any", list():
            return either(map(of_rule, value))
    return UNKNOWN


def of_regex(text: str) -> Words:
    """Return words of which each text that matches has one."""
    flags = _FLAGS.match(text)
    try:
        reader = _Reader(text[flags.end() :] if flags else text)
        read = reader.alternatives()
        reader.require_end()
    except _Unclear:
        return UNKNOWN
    words = frozenset(map(_whole_or_part, read.words))
    return words if all(words) else UNKNOWN


def present(words: Collection[str], source: str) -> bool:
    """Tell whether a source must be looked at; guest/static_matches.py asks the same of it."""
    folded = source.casefold()
    alone = {f"{EDGE}{word}{EDGE}" for word in _ALONE.findall(folded)}
    return not words or not alone.isdisjoint(words) or any(word in folded for word in words)


def _whole_or_part(word: str) -> str:
    """Return a word with both its edges or without any."""
    bare = max(word.split(EDGE), key=len).casefold()
    whole = word.casefold() == f"{EDGE}{bare}{EDGE}" and _ALONE.fullmatch(bare)
    return f"{EDGE}{bare}{EDGE}" if whole else bare


def best(all_of: Iterable[Words]) -> Words:
    """Return the words that say the most, where all of these must be there."""
    known = [words for words in all_of if words]
    return max(known, key=lambda words: min(map(len, words)), default=UNKNOWN)


def either(any_of: Iterable[Words]) -> Words:
    """Return the words of which one is there if one of these must be."""
    known = list(any_of)
    return frozenset().union(*known) if all(known) else UNKNOWN


@dataclass(frozen=True, slots=True)
class _Read:
    """What part of a regular expression stands for."""

    words: Words
    """Each text that it matches has one of these; the empty word says nothing."""
    whole: bool
    """Whether these are all that it matches."""


NOTHING: Final = _Read(frozenset({""}), False)


class _Reader:
    """Reads the part of Rust's regular expressions that rules are mostly written in."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def alternatives(self) -> _Read:
        """Read up to the end or to the parenthesis that closes."""
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        words = frozenset[str]().union(*(each.words for each in found))
        return _Read(words, all(each.whole for each in found))

    def require_end(self) -> None:
        """Make sure that everything was read."""
        if self._at != len(self._text):
            raise _Unclear

    def _sequence(self) -> _Read:
        run, parts = frozenset({""}), list[Words]()
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            item = self._repeated(self._item())
            joined = frozenset(first + second for first in run for second in item.words)
            if len(joined) > MOST:
                raise _Unclear
            if item.whole:
                run = joined
                continue
            # What follows is not right behind it.
            parts += [run, item.words]
            run = frozenset({""})
        if not parts:
            return _Read(run, True)
        told = [words for words in (*parts, run) if all(each.strip(EDGE) for each in words)]
        return _Read(best(told) or NOTHING.words, False)

    def _repeated(self, item: _Read) -> _Read:
        """Read how often the thing before may be there."""
        repeat = self._pattern(_REPEAT)
        if not repeat:
            return item
        if repeat.startswith("?"):
            return _Read(item.words | {""}, item.whole)
        return _Read(item.words, False) if repeat.startswith("+") else NOTHING

    def _item(self) -> _Read:
        """Read one thing: a letter, an edge, a group, or what stands for no letter that we know."""
        if self._take("("):
            return self._group()
        if literal := self._pattern(_LITERAL):
            return _Read(frozenset({literal}), True)
        if escaped := self._pattern(_ESCAPED):
            return _Read(frozenset({escaped[1]}), True)
        if self._pattern(_EDGE):
            return _Read(frozenset({EDGE}), True)
        if self._pattern(_NOTHING):
            return NOTHING
        raise _Unclear

    def _group(self) -> _Read:
        if self._take("?") and not self._take(":"):
            raise _Unclear
        read = self.alternatives()
        if not self._take(")"):
            raise _Unclear
        return read

    def _take(self, expected: str) -> bool:
        found = self._text.startswith(expected, self._at)
        self._at += len(expected) if found else 0
        return found

    def _pattern(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]
