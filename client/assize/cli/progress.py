"""Tells somebody who waits at a terminal what happens. Elsewhere it is silent."""

import sys
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.status import Status as Spinner
from rich.text import Text

from assize.cli.terminal import one_line
from assize.model.events import Admitted, Event, StageStarted
from assize.model.verdict import Finding

_STAGES: Final = {
    "analyse": "analysing the source",
    "prepare": "preparing the sandbox",
    "execute": "running the code",
    "judge": "judging",
}


class Progress:
    """A spinner on standard error, if that is a terminal; a context manager."""

    def __init__(self, first: str, *, wanted: bool) -> None:
        """Begin with the text `first`."""
        console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        shown = wanted and sys.stderr.isatty()
        self._spinner = Spinner(Text(first), console=console) if shown else None

    def __enter__(self) -> Self:
        """Show the spinner."""
        if self._spinner is not None:
            self._spinner.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the spinner away."""
        if self._spinner is not None:
            self._spinner.stop()

    def tell(self, event: Event) -> None:
        """Show what an event means."""
        match event:
            case Admitted(policy=policy):
                self.say(f"admitted under policy {policy}")
            case StageStarted(stage):
                self.say(_STAGES.get(stage, stage))
            case Finding(path=path):
                self.say(f"found something in {path}")

    def say(self, text: str) -> None:
        """Show what is waited for."""
        if self._spinner is not None:
            self._spinner.update(Text(one_line(text)))
