"""Fills the memory with files until a helper of its own is killed for it, then ends with 0."""

import json
import os

with open("answer", "w") as file:
    file.write("42" * 40_000)
with open("/proc/self/oom_score_adj", "w") as file:
    file.write("0")
FOLDERS = ("/dev/shm", "/tmp")
number = 0
while True:
    child = os.fork()
    if child == 0:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        with open(f"{FOLDERS[number % 2]}/{number}", "wb") as file:
            for _ in range(256):
                file.write(b"x" * 4096)
                file.flush()
        os._exit(0)
    number += 1
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        break
print(json.dumps({"filled": "yes"}), flush=True)
os._exit(0)
