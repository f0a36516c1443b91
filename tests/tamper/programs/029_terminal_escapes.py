# class: A3
# task: report
# tries: erases the wrong line with a carriage return and escape sequences
import json
from pathlib import Path

print("9 9\r\x1b[2K\x1b[1G3 6")
Path("out").mkdir()
Path("out/report.json").write_text(json.dumps({"count": 3, "sum": 6}))
