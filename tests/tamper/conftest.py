"""The corpus is data here: pytest collects none of it."""

collect_ignore = ["programs", "tasks"]
