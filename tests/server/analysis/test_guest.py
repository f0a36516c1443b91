"""What the analysis guest and its host make of real source, in an ordinary process."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from server.analysis.local_engine import LocalEngine

from assize.model.submission import SourceFile
from assize.model.verdict import Finding, Severity
from assize_sandbox.errors import SandboxError
from assize_server.analysis import Analyser
from assize_server.analysis.findings import FINDINGS_MOST
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = AnalysisSettings(
    ruff_select=("E9", "F", "B", "S"),
    ruff_ignore=("S101",),
    ruff_block=("E9", "F821"),
    mypy=MypyStrictness.STANDARD,
    mypy_block=True,
    honor_suppressions=False,
)
WRONG_TYPE = "def f(count: int) -> str:\n    return count\n"


async def findings(
    analyser: Analyser,
    sources: dict[str, str | bytes],
    settings: AnalysisSettings = SETTINGS,
) -> tuple[Finding, ...]:
    files = tuple(
        SourceFile(path, source.encode() if isinstance(source, str) else source)
        for path, source in sources.items()
    )
    return await analyser.analyse(files, settings)


def rules(found: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in found}


def errors(found: tuple[Finding, ...]) -> set[str]:
    return rules(tuple(each for each in found if each.severity is Severity.ERROR))


async def test_sound_source_has_no_findings(analyser: Analyser) -> None:
    """Nothing is found where nothing is wrong."""
    source = "import json\n\n\ndef f(text: str) -> object:\n    return json.loads(text)\n"
    assert await findings(analyser, {"a.py": source}) == ()


async def test_type_error_is_found_at_its_place(analyser: Analyser) -> None:
    """mypy's findings carry line and column from 1."""
    (found,) = await findings(analyser, {"a.py": WRONG_TYPE})
    assert (found.tool, found.rule, found.severity) == ("mypy", "return-value", Severity.ERROR)
    assert (found.path, found.line, found.column) == ("a.py", 2, 12)


async def test_lint_finding_carries_its_fix(analyser: Analyser) -> None:
    """ruff's safe fixes come along."""
    (found,) = await findings(analyser, {"a.py": "import os\n"})
    assert (found.rule, found.severity) == ("F401", Severity.WARNING)
    assert found.fix is not None
    assert found.fix.edits[0].start_line == 1


async def test_blocking_prefix_makes_an_error_and_sorts_first(analyser: Analyser) -> None:
    """The policy's blocked rules are errors; they come before what is only a warning."""
    found = await findings(analyser, {"a.py": "import os\nprint(missing)\n"})
    assert found[0].rule == "F821"
    assert found[0].severity is Severity.ERROR
    assert found[-1].severity is Severity.WARNING


@pytest.mark.parametrize(
    "comment",
    [
        "# mypy: ignore-errors",
        "# mypy: disable-error-code=return-value",
        "# type: ignore",
        "#type:ignore[return-value]",
        "# mypy:ignore-errors",
    ],
)
async def test_suppressed_type_error_is_found(analyser: Analyser, comment: str) -> None:
    """A comment does not silence mypy, at the top or in the line."""
    source = f"{comment}\ndef f(count: int) -> str:\n    return count  {comment}\n"
    assert "return-value" in errors(await findings(analyser, {"a.py": source}))


@pytest.mark.parametrize(
    "source",
    [
        "print(missing)  # noqa: F821\n",
        "print(missing)  # noqa\n",
        "# ruff: noqa\nprint(missing)\n",
        "# flake8: noqa\nprint(missing)\n",
        "# ruff: disable[F821]\nprint(missing)\n",
    ],
)
async def test_suppressed_lint_finding_is_found(analyser: Analyser, source: str) -> None:
    """A comment does not silence ruff."""
    assert "F821" in errors(await findings(analyser, {"a.py": source}))


async def test_suppressions_count_where_the_policy_says_so(analyser: Analyser) -> None:
    """With `honor_suppressions` both tools heed them."""
    lenient = replace(SETTINGS, honor_suppressions=True)
    source = "def f(count: int) -> str:\n    return count  # type: ignore\nimport os  # noqa\n"
    assert await findings(analyser, {"a.py": source}, lenient) == ()


async def test_own_configuration_is_ignored(analyser: Analyser) -> None:
    """Nothing that the candidate brings configures an analyser."""
    brought: dict[str, str | bytes] = {
        "a.py": WRONG_TYPE + "print(missing)\n",
        "ruff.toml": 'exclude = ["*"]\nlint.select = []\n',
        ".gitignore": "*\n",
        "mypy.ini": "[mypy]\nignore_errors = True\n",
        "pyproject.toml": "[tool.mypy]\nignore_errors = true\n[tool.ruff]\nexclude = ['*']\n",
        "a.pyi": "def f(count: int) -> str: ...\n",
        "py.typed": "",
    }
    assert {"return-value", "F821"} <= errors(await findings(analyser, brought))


async def test_file_in_a_folder_that_ruff_excludes_is_read(analyser: Analyser) -> None:
    """A folder's name hides nothing."""
    for folder in ("build", ".venv", "node_modules", "site-packages"):
        found = await findings(analyser, {f"{folder}/a.py": "print(missing)\n"})
        assert "F821" in errors(found), folder


async def test_shadowed_standard_module_changes_nothing_for_others(analyser: Analyser) -> None:
    """A candidate's `typing.py` and `builtins.py` are read themselves and mean nothing to mypy."""
    shadows: dict[str, str | bytes] = {
        "typing.py": "Any = int\n" + WRONG_TYPE,
        "builtins.py": "x: int = ''\n",
        "json/__init__.py": "def loads(text: str) -> int: return ''\n",
        "a.py": "from typing import List\nimport json\nx: List[int] = ['']\njson.dumps(1)\n",
    }
    found = await findings(analyser, shadows)
    assert {each.path for each in found if each.tool == "mypy"} == set(shadows)
    assert rules(found) == {"return-value", "assignment", "list-item"}


async def test_modules_see_each_other(analyser: Analyser) -> None:
    """Types cross the submission's own modules, in packages with and without `__init__.py`."""
    sources: dict[str, str | bytes] = {
        "main.py": "import helper, pkg.sub\nx: str = pkg.sub.one()\ny: str = helper.two()\n",
        "pkg/sub.py": "from . import other\ndef one() -> int: return other.three\n",
        "pkg/other.py": "three = 3\n",
        "helper.py": "def two() -> int: return 2\n",
    }
    found = await findings(analyser, sources)
    assert [(each.path, each.line) for each in found] == [("main.py", 2), ("main.py", 3)]


@pytest.mark.parametrize("strictness", [MypyStrictness.STANDARD, MypyStrictness.STRICT])
async def test_mypy_says_what_its_command_line_says(
    analyser: Analyser, tmp_path: Path, strictness: MypyStrictness
) -> None:
    """Preloading leaves no trace in the answer, whatever of the standard library is imported."""
    names = ("bisect", "cmd", "tabnanny", "shelve", "sched", "imghdr")
    sources = {f"of_{name}.py": Path(os.__file__).with_name(f"{name}.py") for name in names}
    for name, original in sources.items():
        (tmp_path / name).write_bytes(original.read_bytes())
    expected = await command_line(tmp_path, strictness)
    settings = replace(SETTINGS, ruff_select=("E9",), mypy=strictness, honor_suppressions=True)
    found = await findings(analyser, {n: p.read_bytes() for n, p in sources.items()}, settings)
    said = {(each.path, each.line, each.message) for each in found}
    assert said <= expected
    assert len(said) == min(len(expected), FINDINGS_MOST)


async def command_line(folder: Path, strictness: MypyStrictness) -> set[tuple[str, int, str]]:
    """Return (path, line, message) of all that `mypy` prints."""
    strict = ["--strict"] if strictness is MypyStrictness.STRICT else []
    options = ["--config-file=", "--no-site-packages", "--ignore-missing-imports", "--output=json"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mypy", *options, *strict, "--python-version=3.11", "."),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
    )
    printed = (await process.communicate())[0].decode().splitlines()
    rows = [json.loads(line) for line in printed if line.startswith("{")]
    return {
        (row["file"], row["line"], "\n".join(filter(None, (row["message"], row["hint"]))))
        for row in rows
    }


async def test_strictness_off_runs_no_mypy(analyser: Analyser) -> None:
    """OFF is off."""
    off = replace(SETTINGS, mypy=MypyStrictness.OFF)
    assert await findings(analyser, {"a.py": WRONG_TYPE}, off) == ()


async def test_strict_wants_annotations(analyser: Analyser) -> None:
    """STRICT finds what STANDARD lets pass."""
    source: dict[str, str | bytes] = {"a.py": "def f(x):\n    return x\n"}
    strict = replace(SETTINGS, mypy=MypyStrictness.STRICT)
    assert await findings(analyser, source) == ()
    assert errors(await findings(analyser, source, strict)) == {"no-untyped-def"}


async def test_syntax_error_is_an_error_once(analyser: Analyser) -> None:
    """What cannot be parsed is an error, and the other files are read all the same."""
    found = await findings(analyser, {"a.py": "def f(:\n", "b.py": WRONG_TYPE})
    assert {(each.path, each.rule) for each in found} == {
        ("a.py", "invalid-syntax"),
        ("b.py", "return-value"),
    }


@pytest.mark.parametrize(
    "source",
    [
        b"x = 1\0\n",
        b"x = '\xff'\n",
        b"# -*- coding: latin-1 -*-\nx = 1\n",
        b"\n# vim: set fileencoding=utf-7 :\nx = 1\n",
        b"#!/usr/bin/python\r# coding: utf_16\rx = 1\r",
        b"return 1\n",
    ],
)
async def test_unreadable_source_is_an_error(analyser: Analyser, source: bytes) -> None:
    """NUL, foreign encodings and what only the compiler refuses are findings, never a crash."""
    found = await findings(analyser, {"a.py": source})
    assert errors(found)
    assert {each.path for each in found} == {"a.py"}


async def test_utf8_with_mark_and_coding_line_is_read(analyser: Analyser) -> None:
    """A byte order mark and a true coding line are fine."""
    source = b"\xef\xbb\xbf# -*- coding: utf-8 -*-\nname = '\xc3\xa4'\n"
    assert await findings(analyser, {"a.py": source}) == ()


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 10_000 + ")" * 10_000,
        "x = " + "[" * 10_000 + "]" * 10_000,
        "x = " + "-" * 100_000 + "1",
        "x = " + "+".join(["1"] * 200_000),
        "x = " + ".a" * 100_000,
    ],
    ids=["parentheses", "brackets", "minuses", "terms", "attributes"],
)
async def test_deep_source_is_an_error(analyser: Analyser, source: str) -> None:
    """Nesting that an analyser cannot follow is an error, and the next request is served."""
    assert errors(await findings(analyser, {"a.py": source + "\n"}))
    assert await findings(analyser, {"a.py": "x = 1\n"}) == ()


async def test_megabyte_on_one_line_is_read(analyser: Analyser) -> None:
    """Size alone is no error."""
    source = "x = '" + "a" * 1_000_000 + "'\n"
    assert await findings(analyser, {"a.py": source}) == ()


async def test_flood_of_one_finding_does_not_hide_another(analyser: Analyser) -> None:
    """However many warnings there are, the error among them arrives, and first."""
    flood = "".join(f"import m{number}\n" for number in range(20_000))
    found = await findings(analyser, {"a.py": flood + "print(missing)\n"})
    assert found[0].rule == "F821"
    assert len(found) <= 200


async def test_one_guest_serves_all_and_leaves_no_files(
    analyser: Analyser, engine: LocalEngine
) -> None:
    """Nothing above cost a container, and no request's folder is left."""
    await findings(analyser, {"a.py": "x = 1\n"})
    assert len(engine.made) == 1
    left = engine.scratch.iterdir()
    assert [each for each in left if each.name.startswith("analysis-")] == []


async def test_dead_guest_is_replaced_within_the_request(
    analyser: Analyser, engine: LocalEngine
) -> None:
    """A guest that died between two requests costs time, not a verdict."""
    engine.made[-1].kill()
    assert errors(await findings(analyser, {"a.py": WRONG_TYPE})) == {"return-value"}


async def test_child_that_died_while_it_waited_is_replaced(
    analyser: Analyser, engine: LocalEngine
) -> None:
    """The source that it never saw is not blamed for it, and the guest stays."""
    await findings(analyser, {"a.py": "a = 1\n"})
    guests = [psutil.Process(int(each.id)) for each in engine.made if each.alive]
    for child in (child for guest in guests for child in guest.children()):
        child.kill()
    assert await findings(analyser, {"a.py": "a = 1\n"}) == ()
    assert all(guest.is_running() for guest in guests)


async def test_refused_options_are_ours_to_answer_for(analyser: Analyser) -> None:
    """A rule that ruff does not know is no finding about the code: we could not tell."""
    wrong = replace(SETTINGS, ruff_select=("NOSUCH",))
    with pytest.raises(SandboxError, match="NOSUCH"):
        await findings(analyser, {"a.py": "x = 1\n"}, wrong)


async def test_requests_at_once_are_all_answered(analyser: Analyser) -> None:
    """Requests queue, and each gets its own answer."""
    asked = [findings(analyser, {f"m{number}.py": WRONG_TYPE}) for number in range(6)]
    answers = await asyncio.gather(*asked)
    assert [answer[0].path for answer in answers] == [f"m{number}.py" for number in range(6)]
