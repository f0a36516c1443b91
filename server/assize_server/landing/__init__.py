"""From a run to its workspace: what it begins with, what it left, what becomes of that."""
