"""The fake engine: the same protocol and the same ends, in memory. For unit tests."""

from assize_sandbox.engines.fake.behaviour import Answer, Behaviour
from assize_sandbox.engines.fake.engine import FakeEngine

__all__ = ["Answer", "Behaviour", "FakeEngine"]
