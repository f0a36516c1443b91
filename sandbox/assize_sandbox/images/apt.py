"""Where this host's own apt gets Debian from, so that an image comes from the same place.

Only entries for the wanted suite with the component `main` are taken: a third party's repository
has no business in a sandbox.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

APT_FOLDER: Final = Path("/etc/apt")
COMPONENT: Final = "main"
ONE_LINE: Final = re.compile(r"deb\s+(?:\[[^]]*\]\s+)?\S+\s+(?P<suite>\S+)\s+(?P<components>.+)")
FIELD: Final = re.compile(r"(?P<name>[A-Za-z-]+):\s*(?P<value>.*)")


def sources(suite: str, folder: Path = APT_FOLDER) -> tuple[str, ...]:
    """Return the entries for a Debian suite, its updates and its security fixes.

    Each is a `deb …` line or a deb822 stanza; none where the host's apt knows nothing of the suite.
    """
    return tuple(_entries(suite, folder))


def _entries(suite: str, folder: Path) -> Iterator[str]:
    parts = folder / "sources.list.d"
    for file in (folder / "sources.list", *sorted(parts.glob("*.list"))):
        if file.is_file():
            lines = map(str.strip, file.read_text().splitlines())
            # mmdebstrap tells an entry from an address by "deb" and a space.
            yield from (" ".join(line.split()) for line in lines if serves_line(line, suite))
    for file in sorted(parts.glob("*.sources")):
        stanzas = re.split(r"\n\s*\n", file.read_text())
        yield from (stanza.strip() for stanza in stanzas if serves_stanza(stanza, suite))


def serves_line(line: str, suite: str) -> bool:
    """Tell whether a one-line entry offers the suite."""
    match = ONE_LINE.fullmatch(line.partition("#")[0].strip())
    if match is None:
        return False
    return belongs(match["suite"], suite) and COMPONENT in match["components"].split()


def serves_stanza(stanza: str, suite: str) -> bool:
    """Tell whether a deb822 stanza offers the suite."""
    matches = (FIELD.fullmatch(line.strip()) for line in stanza.splitlines())
    fields = {match["name"].lower(): match["value"].split() for match in matches if match}
    return (
        "deb" in fields.get("types", ())
        and fields.get("enabled") not in (["no"], ["false"])
        and COMPONENT in fields.get("components", ())
        and any(belongs(name, suite) for name in fields.get("suites", ()))
    )


def belongs(name: str, suite: str) -> bool:
    """Tell whether a suite's name is the suite itself, its updates or its security fixes."""
    return name in {suite, f"{suite}-updates", f"{suite}-security"}


def transport() -> str:
    """Return how the host's apt reaches its mirrors (proxies), as lines of an apt.conf."""
    dump = subprocess.run(
        ["apt-config", "dump", "Acquire::http", "Acquire::https"],
        capture_output=True,
        text=True,
        check=False,
    )
    return dump.stdout if dump.returncode == 0 else ""
