# class: B19
# task: report
# tries: the right document, and a wrong one after it
import os

os.mkdir("out")
with open("out/report.json", "w") as file:
    file.write('{"count": 3, "sum": 6}\n{"count": 0, "sum": 0}')
print("3 6")
