"""From an admitted job to a verdict: the queue in front, and what runs on a host."""
