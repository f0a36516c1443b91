# class: B16
# task: report
# tries: the output file is a symbolic link to the expected one
import os

os.mkdir("out")
os.symlink("../expected_report.json", "out/report.json")
print("3 6")
