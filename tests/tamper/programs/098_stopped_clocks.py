# class: A11
# task: parse
# tries: stops the clocks and sleeps
import threading
import time

time.time = time.monotonic = time.perf_counter = lambda: 0.0


def parse_port(text):
    threading.Event().wait(3600)
