# class: A13
# task: total
# tries: half an answer, then nothing
import os
import struct
import time


def total(prices):
    os.write(3, struct.pack(">I", 1000) + b"V" * 10)
    time.sleep(3600)
