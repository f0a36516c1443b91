# class: B16
# task: report
# tries: the output folder is a symbolic link to where a right file is
import json
import os

os.makedirs("/tmp/other")
with open("/tmp/other/report.json", "w") as file:
    json.dump({"count": 3, "sum": 6}, file)
os.symlink("/tmp/other", "out")
print("3 6")
