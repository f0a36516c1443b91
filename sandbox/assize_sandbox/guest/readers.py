"""What reads a candidate's source: Python's own compiler, ruff, mypy, the policy's static rules.

`prepare` once, then `read` in a forked child. Nothing of the candidate's is imported or run, and
none of its files configures a reader: ruff runs isolated, mypy gets texts and our options. Comments
that silence a reader are defused first, unless the policy honours them; each keeps its length, so
that positions stay right. Static rules see the source as it is, and no comment silences them.

The answer is a JSON list of {"tool", "row"}, the rows as the tools print them; a tool
"stopped" says that a reader gave up, which is not the same as finding nothing.
"""

import json
import os
import re
import subprocess
import warnings

import static_matches
import type_check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO, TypeAlias, TypedDict

    Row: TypeAlias = dict[str, Any]

    class Settings(TypedDict):
        """What the host wants read, and how strictly."""

        mypy: str
        ruff_select: list[str]
        ruff_ignore: list[str]
        honor_suppressions: bool


MISUSED = 3
OUT_OF_MEMORY = 4
ROWS_BYTES = 3 * 1024 * 1024
ROW_BYTES = 4 * 1024
TOO_MANY = b'[{"tool": "stopped", "row": {"message": "there are too many findings to report"}}]'
TEXT_MOST = 400
RUFF_FOUND = 1
RUFF_MISUSED = 2
REFUSED_OPTION = re.compile(
    r"\A(?:error: invalid value|ruff failed\n *Cause: Unknown rule selector)"
)

_SPACE = r"[^\S\r\n]*"
_MYPY_SILENCER = re.compile(
    rf"#{_SPACE}(?:mypy{_SPACE}:|type{_SPACE}:(?={_SPACE}ignore))", re.IGNORECASE
)
_ISORT_SILENCER = re.compile(rf"#{_SPACE}(?:ruff{_SPACE}:{_SPACE})?isort{_SPACE}:", re.IGNORECASE)

_prepared: list[type_check.Checker] = []


class Misused(Exception):
    """We asked for something that a tool refuses; the candidate is not to blame."""


class Stopped(Exception):
    """A tool gave up on the source."""


def prepare() -> None:
    """Load mypy and ast-grep."""
    static_matches.load()
    _prepared.append(type_check.Checker())


def read(
    files: dict[str, bytes], settings: "Settings", rules: bytes, folder: str, ruff: str
) -> bytes:
    """Return the rows that the readers have for `{path: content}`, as JSON bytes."""
    texts = {path: content.decode("utf-8-sig") for path, content in files.items()}
    process, report = start_ruff(texts, settings, folder, ruff)
    complaints, sound = compile_all(texts)
    typed = guarded(lambda: check_types(sound, settings))
    matched = match_rules(texts, rules)
    linted = guarded(lambda: finish_ruff(process, report, folder))
    unparsed = {row["row"]["filename"] for row in linted if is_syntax(row)}
    rows = [row for row in complaints if row["row"]["file"] not in unparsed]
    return bounded(rows + linted + typed + matched)


def guarded(reader: "Callable[[], list[Row]]") -> "list[Row]":
    """Return the reader's rows, or one that says why it stopped."""
    try:
        return reader()
    except Stopped as error:
        return [{"tool": "stopped", "row": {"message": str(error)}}]


def is_syntax(row: "Row") -> bool:
    """Tell whether a row says that ruff could not parse the file."""
    return row["tool"] == "ruff" and row["row"].get("code") in {None, "invalid-syntax"}


def compile_all(texts: dict[str, str]) -> "tuple[list[Row], dict[str, str]]":
    """Return rows for the files that Python itself cannot read, and the other files."""
    rows: list[Row] = []
    sound = {}
    warnings.simplefilter("ignore")
    for path, text in texts.items():
        try:
            compile(text, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            rows.append({"tool": "python", "row": complaint(path, error)})
        else:
            sound[path] = text
    return rows, sound


def complaint(path: str, error: BaseException) -> "Row":
    """Return a row for what the compiler said."""
    message = getattr(error, "msg", None) or f"Python cannot read it: {type(error).__name__}"
    line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
    return {"file": path, "line": line, "column": column, "message": message}


def check_types(texts: dict[str, str], settings: "Settings") -> "list[Row]":
    """Return mypy's rows."""
    if settings["mypy"] == "off" or not texts:
        return []
    if not settings["honor_suppressions"]:
        texts = {path: defuse(_MYPY_SILENCER, text) for path, text in texts.items()}
    try:
        found = _prepared[0].check(texts, settings["mypy"] == "strict")
    except SystemExit as error:  # how mypy ends after an internal error
        raise Stopped("mypy failed on this source with an internal error") from error
    except RecursionError as error:
        raise Stopped("the source is nested too deeply for mypy") from error
    return [{"tool": "mypy", "row": row} for row in found]


def match_rules(texts: dict[str, str], rules: bytes) -> "list[Row]":
    """Return the matches of the static rules; a file that Python cannot compile is searched too."""
    if not rules:
        return []
    try:
        found = static_matches.find(texts, rules)
    except static_matches.RuleRefused as error:
        raise Misused(str(error)) from error
    return [{"tool": "static", "row": row} for row in found]


def defuse(pattern: re.Pattern[str], text: str) -> str:
    """Turn each silencing comment into an ordinary one of the same length."""
    return pattern.sub(lambda found: found[0][:-1] + ";", text)


def start_ruff(
    texts: dict[str, str], settings: "Settings", folder: str, ruff: str
) -> "tuple[subprocess.Popen[bytes], BinaryIO]":
    """Write the files and start ruff on them; its report goes to a file."""
    root = os.path.join(folder, "source")
    honour = settings["honor_suppressions"]
    for path, text in texts.items():
        place = os.path.normpath(os.path.join(root, path))
        if not place.startswith(root + "/"):
            raise Misused(f"the path {path!r} leads out of the submission")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8", newline="") as file:
            file.write(text if honour else defuse(_ISORT_SILENCER, text))
    arguments = [ruff, "check", "--isolated", "--no-cache", "--output-format", "json"]
    arguments += ["--target-version", "py311", "--select", ",".join(settings["ruff_select"])]
    if settings["ruff_ignore"]:
        arguments += ["--ignore", ",".join(settings["ruff_ignore"])]
    if not honour:
        arguments.append("--ignore-noqa")
    report = open(os.path.join(folder, "ruff.json"), "w+b")  # noqa: SIM115 - finish_ruff closes it
    process = subprocess.Popen(
        # Named one by one: what is named is read, whatever its folder is called.
        [*arguments, "--", *sorted(texts)],
        cwd=root,
        env={"RAYON_NUM_THREADS": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=report,
        stderr=subprocess.PIPE,
    )
    return process, report


def finish_ruff(process: subprocess.Popen[bytes], report: "BinaryIO", folder: str) -> "list[Row]":
    """Return ruff's rows, with the paths as they were submitted."""
    complaint = process.communicate()[1].decode(errors="replace").strip()
    if process.returncode == RUFF_MISUSED and REFUSED_OPTION.search(complaint):
        raise Misused(f"ruff refused our options: {complaint[:500]}")
    if process.returncode not in {0, RUFF_FOUND}:
        raise Stopped(f"ruff gave up on this source (status {process.returncode})")
    with report:
        report.seek(0)
        rows = json.load(report)
    root = os.path.join(os.path.realpath(folder), "source") + "/"
    for row in rows:
        row["filename"] = (row["filename"] or "").removeprefix(root)
    return [{"tool": "ruff", "row": row} for row in rows]


def bounded(rows: "list[Row]") -> bytes:
    """Return as many rows as fit, the first of every rule before the second of any.

    So a flood of one finding cannot push out another.
    """
    seen: dict[tuple[object, ...], int] = {}
    ranked = []
    for row in rows:
        rule = (row["tool"], row["row"].get("code"), row["row"].get("severity"))
        seen[rule] = seen.get(rule, 0) + 1
        ranked.append((seen[rule], row))
    ranked.sort(key=lambda pair: pair[0])
    pieces, room = [], ROWS_BYTES
    for rank, row in ranked:
        piece = short(row)
        room -= len(piece) + 1
        if room < 0:
            if rank == 1:
                return TOO_MANY
            break
        pieces.append(piece)
    return b"[" + b",".join(pieces) + b"]"


def short(row: "Row") -> bytes:
    """Return a row as JSON, its text cut, its fix left out if that is long."""
    inner = row["row"]
    inner["message"] = str(inner.get("message", ""))[:TEXT_MOST]
    piece = json.dumps(row).encode()
    if len(piece) > ROW_BYTES:
        inner.pop("fix", None)
        inner.pop("hint", None)
        piece = json.dumps(row).encode()
    return piece
