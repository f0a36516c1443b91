"""Where log lines go: standard error, always, since standard output belongs to the answers."""

import logging
import sys
from typing import Any

import structlog


def to_stderr(level: int) -> None:
    """Write lines of this level of `logging` and above: for people on a terminal, else as JSON."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Asked for at each line: whoever embeds us may put another stream there.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def quietly_unless_configured() -> None:
    """Write warnings only, unless the process that embeds us has chosen for itself."""
    if not structlog.is_configured():
        to_stderr(logging.WARNING)
