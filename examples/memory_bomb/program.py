"""Take memory until there is none left."""

hoard = []
while True:
    hoard.append(bytearray(16 * 1024 * 1024))
