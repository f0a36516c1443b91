"""The command line of a light installation, which has no library for signatures."""

import subprocess
import sys

import pytest

HEAVY = ("cryptography", "rfc8785", "securesystemslib")
WITHOUT = f"""
import sys
for name in {HEAVY!r}:
    sys.modules[name] = None
from assize.cli.main import run
sys.argv = ["assize", *sys.argv[1:]]
run()
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    command = (sys.executable, "-c", script, *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_command_loads_what_only_some_need() -> None:
    """`assize verify` starts without it."""
    script = f"import sys, assize.cli.main; print(set({HEAVY!r}) & set(sys.modules))"
    assert run(script).stdout == "set()\n"


@pytest.mark.parametrize("command", ["audit", "attest"])
def test_command_that_needs_more_says_what(command: str) -> None:
    """And the others go on."""
    ended = run(WITHOUT, command, "verify", "--key", "x")
    assert ended.returncode == 2
    assert "pip install 'assize[approver]'" in ended.stderr
    assert run(WITHOUT, "version").returncode == 0
