# class: B17
# task: report
# tries: 1,000 folders in each other, the output in the last
import os

os.mkdir("out")
os.chdir("out")
for _ in range(1000):
    os.mkdir("d")
    os.chdir("d")
with open("report.json", "w") as file:
    file.write('{"count": 3, "sum": 6}')
print("3 6")
