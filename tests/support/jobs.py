"""Types of fixtures that tests name."""

from collections.abc import Awaitable, Callable

from assize_sandbox.outcome import Outcome

Run = Callable[..., Awaitable[Outcome]]
