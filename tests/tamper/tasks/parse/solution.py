"""Ports as people write them."""


def parse_port(text: str) -> int:
    """Return a port, 1 to 65535."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is no port")
    return port
