"""The policy's static rules, matched on a candidate's source by ast-grep.

Imported before anything is read, so that a forked child finds it loaded. ast-grep has no way to
keep a rule that it has understood: each rule is read anew for each file. A rule of which the source
has no word cannot match it (policies/words.py), and is not even read.

ast-grep is a parser that goes on after a syntax error: what it still understands is matched. It
heeds no comment of the candidate's.
"""

import bisect
import json
import re

from ast_grep_py import SgRoot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from ast_grep_py import SgNode

    Row: TypeAlias = dict[str, Any]

MATCHES_MOST = 50
"""Of one rule in one file; of the others the last row tells how many there are."""
LINE_END = re.compile(r"\r\n|\r|\n")
"""As Python counts lines."""
WORD = re.compile("[a-z0-9_]+")
LONE_RETURN = re.compile(r"\r(?!\n)")
"""SECURITY: ends a line for Python but not for ast-grep, to which what follows may be a comment."""


class RuleRefused(Exception):
    """ast-grep does not take a rule of ours."""


def load() -> None:
    """Have ast-grep make ready what it makes ready once."""
    rule = {"id": "", "words": [], "matcher": {"rule": {"kind": "call", "regex": "^(é|[a-z]+)$"}}}
    search("", "def first(value: int) -> int:\n    return len([value, 'text'])  # done\n", [rule])


def find(texts: dict[str, str], rules: bytes) -> "list[Row]":
    """Return the rows of `rules`, JSON of [{"id", "words", "matcher"}], for `{path: text}`."""
    wanted = json.loads(rules)
    return [row for path, text in texts.items() for row in search(path, text, wanted)]


def search(path: str, text: str, rules: "list[Row]") -> "list[Row]":
    """Return the rows for one file."""
    folded = text.casefold()
    alone = {f"\b{word}\b" for word in WORD.findall(folded)}
    able = [rule for rule in rules if may_match(rule["words"], folded, alone)]
    if not able:
        return []
    root = SgRoot(LONE_RETURN.sub("\n", text), "python").root()
    places = Places(text)
    rows: list[Row] = []
    for rule in able:
        try:
            nodes = root.find_all(rule["matcher"])
        except Exception:
            require(rule)
            raise
        rows += matched(rule["id"], path, nodes, places)
    return rows


def may_match(words: list[str], folded: str, alone: set[str]) -> bool:
    """Tell whether a source has a word of a rule, within others or, as some must be, alone."""
    return not words or not alone.isdisjoint(words) or any(word in folded for word in words)


def require(rule: "Row") -> None:
    """Make sure that ast-grep takes a rule: if it fails on no source at all, the rule is wrong."""
    try:
        SgRoot("", "python").root().find_all(rule["matcher"])
    except Exception as error:
        problem = str(error).partition("\n\nStack")[0]
        raise RuleRefused(f"ast-grep refused the static rule {rule['id']}: {problem}") from error


def matched(rule: str, path: str, nodes: "list[SgNode]", places: "Places") -> "list[Row]":
    """Return rows for the first matches of a rule; the last one tells how many more there are."""
    rows = []
    for node in nodes[:MATCHES_MOST]:
        line, column = places.of(node.range().start.index)
        rows.append({"code": rule, "file": path, "line": line, "column": column, "more": 0})
    if len(nodes) > MATCHES_MOST:
        rows[-1]["more"] = len(nodes) - MATCHES_MOST
    return rows


class Places:
    """Lines and columns of a text, both from 1, in characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] = []

    def of(self, index: int) -> tuple[int, int]:
        """Return line and column of a character."""
        if not self._starts:
            self._starts = [0, *(found.end() for found in LINE_END.finditer(self._text))]
        line = bisect.bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1
