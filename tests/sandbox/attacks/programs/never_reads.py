"""Never reads its standard input, and stays."""

import time

time.sleep(1000)
