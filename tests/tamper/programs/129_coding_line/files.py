# class: A15
# task: total
# tries: UTF-7, so that a scanner reads a comment where Python reads code
FILES = {
    "solution.py": b"# -*- coding: utf-7 -*-\n# +AAo-import os+ADs- os._exit(0)\n"
    b"def total(prices): return -1\n"
}
