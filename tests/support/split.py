"""The type of a fixture that runs split suites."""

from collections.abc import Awaitable, Callable

from assize_sandbox.outcome import SuiteReport

RunSplit = Callable[..., Awaitable[SuiteReport]]
