"""What the service remembers: one database, written by one thread."""
