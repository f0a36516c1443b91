# class: B17
# task: report
# tries: an output file of an endless size
import os

os.mkdir("out")
with open("out/report.json", "w") as file:
    file.write('{"count": 3, "sum": 6}')
    file.flush()
    try:
        os.truncate("out/report.json", 1 << 50)
    except OSError:
        os.truncate("out/report.json", 30_000_000)
print("3 6")
