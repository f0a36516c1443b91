"""Fills every writable folder: all of them together are larger than the memory."""

number = 0
while True:
    for folder in ("/dev/shm", "/tmp", "/workspace"):
        number += 1
        try:
            with open(f"{folder}/{number}", "wb") as file:
                file.write(b"x" * (1 << 20))
        except OSError:
            if folder == "/workspace":
                raise
