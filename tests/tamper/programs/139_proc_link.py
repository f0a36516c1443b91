# class: B16
# task: report
# tries: the output file is a link to a descriptor in /proc
import os

os.mkdir("out")
with open("real.json", "w") as file:
    file.write('{"count": 3, "sum": 6}')
os.symlink("/proc/self/cwd/real.json", "out/report.json")
print("3 6")
