# class: A4
# task: total
# tries: os._exit(0) while it is imported
import os

os._exit(0)
