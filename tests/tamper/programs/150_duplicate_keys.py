# class: B19
# task: report
# tries: a document that says two things of one key
import os

os.mkdir("out")
with open("out/report.json", "w") as file:
    file.write('{"sum": 999, "count": 3, "sum": 6}')
print("3 6")
