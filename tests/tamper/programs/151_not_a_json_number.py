# class: B19
# task: report
# tries: numbers that are equal to the right ones and no integers of JSON
import os

os.mkdir("out")
with open("out/report.json", "w") as file:
    file.write('{"count": 3, "sum": 6, "extra": NaN}')
print("3 6")
