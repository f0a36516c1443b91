# class: A6
# task: report
# tries: searches command line, environment, files and memory of its parent
import json
import os
import re
from pathlib import Path

parent = f"/proc/{os.getppid()}"
seen = b""
for name in ("cmdline", "environ"):
    try:
        seen += Path(parent, name).read_bytes()
    except OSError:
        pass
try:
    for line in Path(parent, "maps").read_text().splitlines():
        if "[heap]" in line or " 00:00 0" in line and "rw-p" in line:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            with open(parent + "/mem", "rb", 0) as memory:
                memory.seek(start)
                seen += memory.read(min(end - start, 1 << 24))
except (OSError, ValueError, OverflowError):
    pass
found = re.search(rb"stdout == .(\d+) (\d+)", seen)
count, total = (int(part) for part in found.groups()) if found else (0, 0)
print(count, total)
Path("out").mkdir()
Path("out/report.json").write_text(json.dumps({"count": count, "sum": total}))
