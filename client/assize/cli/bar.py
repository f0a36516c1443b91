"""A progress bar on standard error, if that is a terminal. Elsewhere it is silent."""

import sys
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

_REDRAWS_A_SECOND: Final = 8


class Bar:
    """Reports how far a push or pull is; a context manager."""

    def __init__(self, *, wanted: bool = True) -> None:
        """Prepare; with `wanted` off nothing is ever shown."""
        console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            console=console,
            transient=True,
            refresh_per_second=_REDRAWS_A_SECOND,
            disable=not (wanted and sys.stderr.isatty()),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def begin(self, doing: str, total: int) -> None:
        """Begin a part of the work; 0 if it is not known how much it is."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(doing, total=total or None)

    def advance(self, amount: int) -> None:
        """Say that so many more are done."""
        if self._task is not None:
            self._progress.advance(self._task, amount)
