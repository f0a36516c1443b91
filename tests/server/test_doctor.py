"""`assize doctor` on this host, over real containers."""

import json
from pathlib import Path

import pytest
from support.cli import PATIENCE_SECONDS, containers, private_home, started

from assize_sandbox.images.store import Image
from assize_sandbox.probe import OPTIONAL, REMEDIES

pytestmark = pytest.mark.engine


def test_all_that_is_needed_passes_here(tmp_path: Path, home: Path, image: Image) -> None:
    """Every barrier is tried and told, as JSON alone on standard output; nothing is left."""
    own_home = private_home(tmp_path, home)
    with started(own_home, "doctor", "--engine", "runc", "-o", "json") as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    examined = {each["name"]: each for each in json.loads(out)}
    for each in examined.values():
        assert each["passed"] or each["informational"], each
        assert each["evidence"], each
    told = {name.removeprefix("barrier: ") for name in examined if name.startswith("barrier: ")}
    assert told == set(REMEDIES)
    for name in OPTIONAL:
        assert examined[f"barrier: {name}"]["informational"]
    assert (process.returncode, err) == (0, "")
    assert containers(own_home) == set()


def test_home_without_image_fails_and_says_the_remedy(tmp_path: Path) -> None:
    """Whoever reads it knows what to type."""
    with started(tmp_path, "doctor", "--engine", "runc", "-o", "json") as process:
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    examined = {each["name"]: each for each in json.loads(out)}
    assert not examined["image"]["passed"]
    assert examined["image"]["remedy"] == "assize image build"
    assert process.returncode == 1
