"""Takes memory without end after it made itself the kernel's last choice, so that PID 1 goes."""

with open("/proc/self/oom_score_adj", "w") as file:
    file.write("0")
kept = []
while True:
    kept.append(bytearray(b"x") * (1 << 20))
