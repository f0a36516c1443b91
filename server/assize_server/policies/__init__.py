"""The policy files: their form and how they are read."""
