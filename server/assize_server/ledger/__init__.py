"""The verdicts that were given: one for each verification, there after a restart."""
