# class: A11
# task: report
# tries: disarms the alarm, ignores all signals and spins
import signal

signal.alarm(0)
for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
print("3 6", flush=True)
while True:
    pass
