# class: A4
# task: total
# tries: execs /bin/true
import os

os.execv("/bin/true", ["true"])
