"""Leaves what it can for a container beside it or after it, says so, and stays."""

import fcntl
import os
import socket
import struct
import time

for folder in ("/workspace", "/tmp", "/dev/shm"):
    with open(f"{folder}/tenant", "w") as file:
        file.write("tenant")
door = socket.socket(socket.AF_UNIX)
door.bind("\0tenant")
door.listen()
# The kernel shows locks of this kind to everybody: it knows no process that they belong to.
locked = open("/workspace/tenant", "r+")
fcntl.fcntl(locked, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 417293, 1, 0))
for name in ("/dev/mqueue/tenant", "/var/tmp/tenant", "/var/lock/tenant"):
    try:
        os.close(os.open(name, os.O_CREAT | os.O_RDWR))
    except OSError:
        pass
print("settled", flush=True)
time.sleep(1000)
