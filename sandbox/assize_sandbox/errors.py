"""What can go wrong on our side. None of these says anything about the candidate's code.

SandboxError
├── EngineUnavailable    the engine cannot work here; `remedy` says what to do
├── ImageMissing         there is no sandbox image, or it does not fit this version
├── ViewUnavailable      no view of a workspace can be made here; `remedy` says what to do
├── BarrierBroken        the start-up probe got through a barrier
├── ChannelClosed        the container's end of the channel is gone
└── ProtocolViolation    the guest sent something that it never sends
"""


class SandboxError(Exception):
    """An infrastructure failure; it becomes INFRA_ERROR and never a verdict about the code."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class EngineUnavailable(SandboxError):
    """The engine cannot work on this host."""


class ImageMissing(SandboxError):
    """No sandbox image fits this version of Assize."""


class ViewUnavailable(SandboxError):
    """A run cannot be shown a workspace on this host, with its disk limits kept."""


class BarrierBroken(SandboxError):
    """A barrier that must hold does not."""


class ChannelClosed(SandboxError):
    """The container died, or closed its end of the channel."""


class ProtocolViolation(SandboxError):
    """The guest sent a malformed or oversized frame."""
