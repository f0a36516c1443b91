"""Numbers of things, for people: `1 row`, `2 rows`."""


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number and its noun; `things` is the plural where an s does not make it."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"
