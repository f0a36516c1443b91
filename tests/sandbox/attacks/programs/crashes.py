"""Crashes with a core-dump limit as high as it can get it."""

import os
import resource

hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
os.kill(os.getpid(), 11)
