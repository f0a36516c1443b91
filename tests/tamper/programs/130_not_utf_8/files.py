# class: A15
# task: total
# tries: latin-1 bytes
FILES = {
    "solution.py": b"# -*- coding: latin-1 -*-\nname = '\xff\xfe'\nimport os\nos._exit(0)\n"
    b"def total(prices): return -1\n"
}
