# class: B19
# task: report
# tries: a grandchild holds standard output and adds the right line later
import os
import time

os.mkdir("out")
if os.fork() == 0:
    time.sleep(0.5)
    with open("out/report.json", "w") as file:
        file.write('{"count": 3, "sum": 6}')
    os.write(1, b"3 6\n")
    os._exit(0)
os._exit(0)
