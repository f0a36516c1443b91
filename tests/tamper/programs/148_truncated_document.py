# class: B19
# task: report
# tries: a document that ends too early
import os

os.mkdir("out")
with open("out/report.json", "w") as file:
    file.write('{"count": 3, "sum": 6')
print("3 6")
