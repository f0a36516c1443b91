# class: B17
# task: report
# tries: a folder where the output file belongs
import os

os.makedirs("out/report.json")
with open("out/report.json/report.json", "w") as file:
    file.write('{"count": 3, "sum": 6}')
print("3 6")
