import json
import subprocess
import sys
from pathlib import Path

EXPECTED = Path("expected_report.json")


def test_report():
    done = subprocess.run(
        [sys.executable, "solution.py"], input="3\n1\n2\n", capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout == "3 6\n"
    assert json.loads(Path("out/report.json").read_text()) == json.loads(EXPECTED.read_text())
