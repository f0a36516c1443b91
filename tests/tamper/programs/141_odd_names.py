# class: B17
# task: report
# tries: names with newlines, escapes, bidi and invalid UTF-8 beside none of the right name
import os

os.mkdir("out")
for name in (b"report.json\n", b"report.json ", b"report\x1b[2K.json", b"Report.json", b"\xff\xfereport.json",
             "\u202enosj.troper".encode(), "repo\u0301rt.json".encode()):
    with open(b"out/" + name, "w") as file:
        file.write('{"count": 3, "sum": 6}')
print("3 6")
