# class: A11
# task: report
# tries: a grandchild in a session of its own writes the answer later
import json
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        os.makedirs("out", exist_ok=True)
        with open("out/report.json", "w") as file:
            json.dump({"count": 3, "sum": 6}, file)
        print("3 6", flush=True)
        time.sleep(3600)
    os._exit(0)
print("0 0", flush=True)
os._exit(0)
