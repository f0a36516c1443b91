"""Leaves grandchildren that hold the output open, keep writing it, and keep changing a file."""

import json
import os
import socket
import time

read_end, write_end = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        os.write(write_end, b"r")
        count = 0
        while True:
            count += 1
            with open("changing", "w") as file:
                file.write(str(count))
            time.sleep(0.0005)
for _ in range(3):
    os.read(read_end, 1)

# A descriptor in flight in a ring of sockets: no process holds it, only the kernel's collector
# will close it.
one, two = socket.socketpair()
three, four = socket.socketpair()
socket.send_fds(one, [b"x"], [1, 2, two.fileno(), four.fileno()])
socket.send_fds(three, [b"x"], [1, 2, two.fileno(), four.fileno()])
print(json.dumps({"holders": "3"}), flush=True)
os._exit(0)
