"""Wait for a number to become zero that passes zero by."""

remaining = 7
while remaining != 0:
    remaining -= 2
print("done")
