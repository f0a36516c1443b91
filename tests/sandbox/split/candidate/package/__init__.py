"""A package whose modules need one another."""

from . import inner
from .inner.mod import BASE, Shared, twice

__all__ = ["BASE", "Shared", "inner", "twice"]
