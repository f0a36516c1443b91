"""What the analysis guest makes of the shipped static rules, in an ordinary process."""

from dataclasses import replace

import pytest
from server.analysis.local_engine import LocalEngine

from assize.model.submission import SourceFile
from assize.model.verdict import Finding, Severity
from assize_sandbox.errors import SandboxError
from assize_server.analysis import Analyser
from assize_server.analysis.findings import FINDINGS_MOST
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness
from assize_server.core.rules import Approval
from assize_server.core.static_gates import TOOL, StaticChecks, StaticGates, StaticRule, held_by
from assize_server.policies.static_rules import FOLDER, load_static
from assize_server.settings import packaged_policies

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED = load_static(packaged_policies() / FOLDER)
GATES = StaticGates(
    warn=frozenset({"dynamic", "network", "overwriting", "suppressions"}),
    fail=frozenset({"processes"}),
    hold=frozenset({"deletion", "sql"}),
    approval=Approval(frozenset({"data-owners"}), quorum=1, ttl_seconds=900),
)
SETTINGS = AnalysisSettings(
    ruff_select=("E9", "F63"),
    ruff_ignore=(),
    ruff_block=("E9",),
    mypy=MypyStrictness.OFF,
    mypy_block=False,
    honor_suppressions=False,
    static=SHIPPED.checks(GATES),
)
CLEAN = "x = 1\n"


async def findings(
    analyser: Analyser, source: str | bytes, settings: AnalysisSettings = SETTINGS
) -> tuple[Finding, ...]:
    content = source.encode() if isinstance(source, str) else source
    return await analyser.analyse((SourceFile("a.py", content),), settings)


async def matches(analyser: Analyser, source: str) -> list[tuple[str, int, int]]:
    """Return (rule, line, column) of each match, and make sure that it is all that was found."""
    found = await findings(analyser, source)
    assert {each.tool for each in found} <= {TOOL}
    return [(each.rule, each.line, each.column) for each in found]


async def test_match_is_told_at_its_place_with_what_it_does(analyser: Analyser) -> None:
    """Held and warned of are warnings, what fails is an error; the held ones are picked out."""
    source = 'import os\nos.remove("a")\nos.system("ls")\nopen("a", "w")\n'
    found = await findings(analyser, source)
    assert [(each.rule, each.line, each.column, each.severity) for each in found] == [
        ("process-shell", 3, 1, Severity.ERROR),
        ("delete-os-call", 2, 1, Severity.WARNING),
        ("overwrite-open", 4, 1, Severity.WARNING),
    ]
    assert held_by(found, SETTINGS.static) == (found[1],)


async def test_policy_without_static_rules_matches_none(analyser: Analyser) -> None:
    """What nobody asked for is not looked for."""
    bare = replace(SETTINGS, static=StaticChecks(SHIPPED.rules, StaticGates()))
    assert await findings(analyser, 'import os\nos.remove("a")\n', bare) == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_place_is_counted_as_python_counts(analyser: Analyser, end: str) -> None:
    """Lines end as in Python, columns are characters, a byte order mark is neither."""
    source = end.join(["\ufeffimport os", "é = '😀'; os.remove('a')", "", "os.unlink('é')", ""])
    assert await matches(analyser, source) == [
        ("delete-os-call", 2, 10),
        ("delete-os-call", 4, 1),
    ]


@pytest.mark.parametrize(
    "comment",
    ["# noqa", "# type: ignore", "# ast-grep-ignore", "# ruff: noqa", "# nosec", "# fmt: off"],
)
@pytest.mark.parametrize("honored", [True, False])
async def test_no_comment_silences_a_static_rule(
    analyser: Analyser, comment: str, honored: bool
) -> None:
    """Whatever the policy says of suppressions, before, behind and above the line."""
    settings = replace(SETTINGS, honor_suppressions=honored)
    source = f'{comment}\nimport os\n{comment}\nos.remove("a")  {comment}\n'
    found = await findings(analyser, source, settings)
    assert [each.line for each in held_by(found, settings.static)] == [4]


async def test_code_behind_a_lone_carriage_return_is_no_comment(analyser: Analyser) -> None:
    """Python ends the line there, so the rules must."""
    source = "import os  # the usual\ros.remove('a')  # and on\r\nos.unlink('b')\n"
    assert await matches(analyser, source) == [("delete-os-call", 2, 1), ("delete-os-call", 3, 1)]


async def test_text_and_comments_are_not_code(analyser: Analyser) -> None:
    """What only mentions a call does not make it."""
    source = '"""os.remove(1)"""\nx = "os.remove(1)"  # os.remove(1)\ny = f"os.remove"\n'
    assert await matches(analyser, source) == []


async def test_code_within_a_format_string_is_code(analyser: Analyser) -> None:
    """It runs when the text is made."""
    assert await matches(analyser, "import os\nx = f\"{os.remove('a')}\"\n") == [
        ("delete-os-call", 2, 8)
    ]


async def test_source_that_python_refuses_is_searched_all_the_same(analyser: Analyser) -> None:
    """The syntax error is an error, and what the rest would do is told beside it."""
    found = await findings(analyser, 'import os\nos.remove("a")\ndef f(:\n    )\nos.rmdir("b")\n')
    assert any(each.rule == "invalid-syntax" for each in found)
    assert {each.line for each in held_by(found, SETTINGS.static)} >= {2}


@pytest.mark.parametrize(
    "source",
    [
        b'import os\nos.remove("a")\0\n',
        b'# coding: latin-1\nimport os\nos.remove("a")\n',
        b'# coding: utf-7\n+AG8-s.remove("a")\n',
        b'import os\nos.remove("\xff")\n',
        b"import os\n" + b"x" * 10_000_000 + b"\n",
    ],
    ids=["NUL", "latin-1", "utf-7", "no UTF-8", "10 MB"],
)
async def test_source_that_is_not_read_is_an_error(analyser: Analyser, source: bytes) -> None:
    """What the rules cannot be matched on fails."""
    (found,) = await findings(analyser, source)
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "[" * 10_000 + "]" * 10_000,
        "x = " + "(" * 10_000 + ")" * 10_000,
        "f(" * 10_000 + ")" * 10_000,
        "x = " + "+".join(["'DROP'"] * 2_000),
        "import os as o\n" * 200 + "o.a\n" * 200,
    ],
    ids=["brackets", "parentheses", "calls", "terms", "names"],
)
async def test_source_that_is_hard_to_match_is_answered_and_leaves_no_trace(
    analyser: Analyser, engine: LocalEngine, source: str
) -> None:
    """Found or given up, it is not passed over; the next request is served by the same guest."""
    await findings(analyser, CLEAN)
    guests = len(engine.made)
    found = await findings(analyser, f'import os\n{source}\nos.remove("a")\n')
    assert any(each.rule == "delete-os-call" or each.severity is Severity.ERROR for each in found)
    assert await findings(analyser, CLEAN) == ()
    assert len(engine.made) == guests


async def test_megabyte_on_one_line_is_searched_to_its_end(analyser: Analyser) -> None:
    """Size hides nothing."""
    source = f'import os; x = "{"a" * 1_000_000}"; os.remove(x)\n'
    (found,) = await findings(analyser, source)
    assert (found.rule, found.line, found.column) == ("delete-os-call", 1, 1_000_020)


async def test_flood_of_matches_is_counted_and_hides_no_other(analyser: Analyser) -> None:
    """Of thousands of matches some are told, with how many there are, and each rule's first."""
    flood = (
        "print('http://a')\n" * 5_000 + "os.remove('a')\n" * 5_000 + "db.execute('DROP TABLE a')"
    )
    found = await findings(analyser, f"import os\n{flood}\n")
    assert len(found) <= FINDINGS_MOST
    assert {each.rule for each in held_by(found, SETTINGS.static)} == {"delete-os-call", "sql-drop"}
    assert any(each.message.endswith("(4950 more in this file)") for each in found)


async def test_each_file_is_searched(analyser: Analyser) -> None:
    """A match names its file, and a file without one hides no other."""
    files = [SourceFile(f"pkg/m{number}.py", b"import pty\n") for number in range(3)]
    found = await analyser.analyse((*files, SourceFile("clean.py", b"x = 1\n")), SETTINGS)
    assert [(each.path, each.rule) for each in found] == [
        (each.path, "process-fork") for each in files
    ]


async def test_rule_that_ast_grep_refuses_is_ours_to_answer_for(analyser: Analyser) -> None:
    """It is no finding about the code: we could not tell."""
    wrong = StaticRule("delete-x", "deletion", "", "", '{"rule": {"kind": "nosuch"}}')
    settings = replace(SETTINGS, static=StaticChecks((wrong,), GATES))
    with pytest.raises(SandboxError, match="delete-x"):
        await findings(analyser, CLEAN, settings)
