# class: A11
# task: report
# tries: SIGSTOP to all, itself last
import os
import signal

print("3 6", flush=True)
for target in (1, os.getppid(), -1, os.getpid()):
    try:
        os.kill(target, signal.SIGSTOP)
    except OSError:
        pass
