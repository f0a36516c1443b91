"""Killed at any step, an operation leaves the old state or the new one, and can be run again."""

import json
import os
import subprocess
import sys
from pathlib import Path

KILLED = Path(__file__).with_name("killed.py")
LEAST_KILLS = {
    "push": 15,
    "commit": 10,
    "rollback": 4,
    "fork": 1,
    "create": 1,
    "delete": 1,
    "collect": 10,
}
"""Fewer would mean that steps were lost."""


def test_operations_killed_at_any_step_leave_the_old_or_the_new_state() -> None:
    """Every snapshot of every log is read in full after each kill, and the operation run again."""
    done = subprocess.run(
        [sys.executable, KILLED, *LEAST_KILLS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kills = json.loads(done.stdout)
    assert all(kills[name] >= least for name, least in LEAST_KILLS.items()), kills
