"""Killed at any step, a landing leaves the old state or the new one, and everything agrees."""

import json
import os
import subprocess
import sys
from pathlib import Path

KILLED = Path(__file__).with_name("killed_landings.py")
LEAST_KILLS = {
    "commit": 8,
    "grant": 9,
    "hold": 6,
    "approve": 7,
    "deny": 1,
    "approve source": 10,
    "approve source that is held again": 8,
}
"""Fewer would mean that steps were lost."""


def test_landings_killed_at_any_step_leave_one_state_that_everything_agrees_on() -> None:
    """Head, log, audit log, hold, nonce and verdict; an approval is carried out exactly once."""
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
