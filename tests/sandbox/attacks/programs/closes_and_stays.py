"""Closes every descriptor and stays: no end of any pipe tells of an end."""

import os
import time

os.closerange(0, 256)
time.sleep(1000)
