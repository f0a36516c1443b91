"""What a policy's `analysis` says, seen in what the analysers find."""

from dataclasses import replace

import pytest

from assize.model.submission import SourceFile
from assize.model.verdict import Severity
from assize_server.analysis import Analyser
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = AnalysisSettings(
    ruff_select=("F",),
    ruff_ignore=(),
    ruff_block=(),
    mypy=MypyStrictness.STANDARD,
    mypy_block=True,
    honor_suppressions=False,
)
SOURCE = SourceFile("a.py", b"import os\n\ncount: int = 'one'\nassert count\n")


async def seen(analyser: Analyser, settings: AnalysisSettings) -> dict[str, Severity]:
    """Return the rules that are found, and how severe each is."""
    found = await analyser.analyse((SOURCE,), settings)
    return {finding.rule: finding.severity for finding in found}


async def test_ruff_finds_what_is_selected_and_not_ignored(analyser: Analyser) -> None:
    """One more prefix finds more, one to ignore finds less."""
    assert set(await seen(analyser, SETTINGS)) == {"F401", "assignment"}
    more = replace(SETTINGS, ruff_select=("F", "S101"))
    assert set(await seen(analyser, more)) == {"F401", "S101", "assignment"}
    less = replace(more, ruff_ignore=("F401",))
    assert set(await seen(analyser, less)) == {"S101", "assignment"}


async def test_what_is_blocked_is_an_error_and_the_rest_a_warning(analyser: Analyser) -> None:
    """Of ruff's by prefix, of mypy's as a whole."""
    assert await seen(analyser, SETTINGS) == {
        "F401": Severity.WARNING,
        "assignment": Severity.ERROR,
    }
    turned = replace(SETTINGS, ruff_block=("F4",), mypy_block=False)
    assert await seen(analyser, turned) == {
        "F401": Severity.ERROR,
        "assignment": Severity.WARNING,
    }
