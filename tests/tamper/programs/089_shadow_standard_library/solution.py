# class: A10
# task: report
# tries: submits a json.py that reads what is expected from any file
import os

os.mkdir("out")
with open("out/report.json", "w") as file:
    file.write('{"count": 0, "sum": 0}')
print("3 6")
