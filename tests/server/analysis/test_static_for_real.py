"""Static rules in a real container: what matches them is in the image, under the barriers."""

from dataclasses import replace
from pathlib import Path

import pytest
from server.analysis.test_static import SETTINGS

from assize.model.submission import SourceFile
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.images.store import Image
from assize_server.analysis import Analyser
from assize_server.core.analysis_settings import MypyStrictness
from assize_server.core.static_gates import held_by

SECCOMP = Path(__file__).parents[3] / "policies" / "seccomp.json"


@pytest.mark.engine
async def test_shipped_rules_are_matched_in_a_container(image: Image, home: Path) -> None:
    """ast-grep of the image finds what that of this installation finds, beside ruff and mypy."""
    engine = RuncEngine(image, home=home, seccomp=SECCOMP)
    await engine.start()
    analyser = Analyser(engine)
    settings = replace(SETTINGS, mypy=MypyStrictness.STANDARD, mypy_block=True)
    source = b'import shutil\nshutil.rmtree("a")\nx: int = ""\nimport os\nos.system("ls")\n'
    try:
        await analyser.start()
        found = await analyser.analyse((SourceFile("a.py", source),), settings)
    finally:
        await analyser.close()
        await engine.close()
    assert {(each.tool, each.rule, each.line) for each in found} == {
        ("mypy", "assignment", 3),
        ("assize-static", "delete-tree", 2),
        ("assize-static", "process-shell", 5),
    }
    assert [each.rule for each in held_by(found, settings.static)] == ["delete-tree"]
