"""Unified diffs of small text files, for whoever has to judge a change.

SECURITY: both texts are hostile. Comparing takes time that grows with the square of the lines, so
lines and bytes are bounded before anything is compared, and the diffs of one set after that. What
has no diff is still in the list of effects, with both digests.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from assize.model.effects import Effect, EffectKind, FileState
from assize_sandbox.workspaces.nodes import Digest
from assize_sandbox.workspaces.objects import ObjectStore

SIDE_MOST_BYTES: Final = 32 * 1024
SIDE_MOST_LINES: Final = 500
DIFF_MOST_CHARACTERS: Final = 16 * 1024
SET_MOST_DIFFS: Final = 50
SET_MOST_CHARACTERS: Final = 256 * 1024
SET_MOST_WORK: Final = 1_000_000
"""Pairs of lines that may be compared in one set: two or three seconds, if they are hostile."""
POPULAR_LINES: Final = 200
"""From here on difflib leaves out lines that are everywhere, and is this many times quicker:"""
POPULAR_GAIN: Final = 25
CUT: Final = "(the rest is left out)\n"
UNENDED: Final = "\n\\ No newline at end of file\n"
"""As diff(1) says it."""
LOSING: Final = frozenset(
    {
        EffectKind.FS_DELETE,
        EffectKind.FS_TRUNCATE,
        EffectKind.FS_RENAME_OVER,
        EffectKind.FS_WRITE,
    }
)
"""What somebody may want back: these get their diffs first."""
SHOWN: Final = LOSING | {EffectKind.FS_CREATE}


def with_diffs(objects: ObjectStore, effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return the effects, the first of them with the diffs of their texts.

    Raises:
        SandboxError: A content is missing or corrupt.
    """
    diffs = dict(_diffs(objects, effects))
    return tuple(
        replace(effect, diff=diffs[place]) if place in diffs else effect
        for place, effect in enumerate(effects)
    )


def unified(path: str, before: str | None, after: str | None) -> str:
    """Return the unified diff of two texts; None is a file that is not there."""
    diff = difflib.unified_diff(
        _lines(before),
        _lines(after),
        "/dev/null" if before is None else f"a/{one_line(path)}",
        "/dev/null" if after is None else f"b/{one_line(path)}",
    )
    return _bounded(line if line.endswith("\n") else line + UNENDED for line in diff)


def one_line(text: str) -> str:
    """Return text with whatever could break a line or deceive an eye escaped."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _diffs(objects: ObjectStore, effects: Sequence[Effect]) -> Iterator[tuple[int, str]]:
    places = [place for place, effect in enumerate(effects) if effect.kind in SHOWN]
    places.sort(key=lambda place: (effects[place].kind not in LOSING, place))
    made, left, work = 0, SET_MOST_CHARACTERS, SET_MOST_WORK
    for place in places:
        if made == SET_MOST_DIFFS:
            return
        sides = _sides(objects, effects[place])
        work -= _work(*sides)
        if work < 0:
            return
        diff = unified(effects[place].path, *sides)
        if diff and len(diff) <= left:
            made, left = made + 1, left - len(diff)
            yield place, diff


def _sides(objects: ObjectStore, effect: Effect) -> tuple[str | None, str | None]:
    """Return the texts before and after; neither if one of them is no small text."""
    if not _is_small(effect.before) or not _is_small(effect.after):
        return None, None
    try:
        before, after = (_text(objects, state) for state in (effect.before, effect.after))
    except UnicodeDecodeError:
        return None, None
    if any(side is not None and not _is_shown(side) for side in (before, after)):
        return None, None
    return before, after


def _work(before: str | None, after: str | None) -> int:
    """Return how many pairs of lines comparing may look at."""
    lines, others = (text.count("\n") + 1 if text else 0 for text in (before, after))
    return lines * others // (POPULAR_GAIN if others >= POPULAR_LINES else 1)


def _is_small(state: FileState | None) -> bool:
    return state is None or state.size_bytes <= SIDE_MOST_BYTES


def _text(objects: ObjectStore, state: FileState | None) -> str | None:
    # A link has no content.
    if state is None or not state.digest:
        return None
    return objects.read(Digest(state.digest), SIDE_MOST_BYTES).decode()


def _is_shown(text: str) -> bool:
    return "\0" not in text and text.count("\n") <= SIDE_MOST_LINES


def _lines(text: str | None) -> list[str]:
    # Not `splitlines`: it breaks at a dozen other characters too.
    return [] if not text else [f"{line}\n" for line in text.split("\n")[:-1]] + _rest(text)


def _rest(text: str) -> list[str]:
    last = text.rpartition("\n")[2]
    return [last] if last else []


def _bounded(lines: Iterable[str]) -> str:
    kept, left = [], DIFF_MOST_CHARACTERS
    for line in lines:
        left -= len(line)
        if left < 0:
            kept.append(CUT)
            break
        kept.append(line)
    return "".join(kept)
