"""Fills the work folder with bytes."""

number = 0
while True:
    number += 1
    with open(f"file{number}", "wb") as file:
        file.write(b"x" * (1 << 20))
