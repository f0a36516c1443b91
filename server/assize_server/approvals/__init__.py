"""Holds and approvals: what waits for a person, who may decide, and what they decided."""
