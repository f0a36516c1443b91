# class: B20
# task: report
# tries: takes all memory, having written the right line
print("3 6", flush=True)
blocks = []
while True:
    blocks.append(b"x" * (16 << 20))
