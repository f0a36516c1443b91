# ruff: noqa: F401
"""A package in a package."""

from .mod import twice as double
