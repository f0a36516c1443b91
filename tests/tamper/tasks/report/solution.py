"""Reads numbers, prints how many and their sum, and writes the same as JSON."""

import json
import sys
from pathlib import Path

numbers = [int(line) for line in sys.stdin]
print(len(numbers), sum(numbers))
Path("out").mkdir()
Path("out/report.json").write_text(json.dumps({"count": len(numbers), "sum": sum(numbers)}))
