"""What the service signs: its keys, and verdicts as in-toto statements."""
