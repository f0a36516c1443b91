# class: A4
# task: report
# tries: exits with 0 and writes nothing
import os

os._exit(0)
