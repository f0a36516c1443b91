"""What a process wrote: the first and the last bytes, and how many there were in truth."""

from assize.model.verdict import Output


class Recorder:
    """Keeps the head and the tail of a stream, `most_bytes` in all."""

    def __init__(self, most_bytes: int) -> None:
        self._head_most = most_bytes - most_bytes // 2
        self._tail_most = most_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total_bytes = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self.total_bytes += len(data)
        room = self._head_most - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        del self._tail[: max(0, len(self._tail) - self._tail_most)]

    def output(self) -> Output:
        """Return what was kept."""
        return Output(bytes(self._head), bytes(self._tail), self.total_bytes)
