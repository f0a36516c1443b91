"""Which of a host's apt entries an image is made from."""

from pathlib import Path

import pytest

from assize_sandbox.images.apt import sources

STANZA = """\
Types: deb
# a mirror
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
"""


def test_debian_entries_of_both_styles_are_taken(tmp_path: Path) -> None:
    """Lines and stanzas for the suite are both found, each whole."""
    (tmp_path / "sources.list.d").mkdir()
    line = "deb [signed-by=/k.gpg] http://mirror.example/debian-security bookworm-security main"
    (tmp_path / "sources.list").write_text(f"# old\n{line}\n".replace("deb ", "deb\t"))
    (tmp_path / "sources.list.d/debian.sources").write_text(f"{STANZA}\n{STANZA}")
    assert sources("bookworm", tmp_path) == (line, STANZA.strip(), STANZA.strip())


@pytest.mark.parametrize(
    "line",
    [
        "deb http://third.example/debian bookworm stable",
        "deb http://third.example cloud-bookworm main",
        "deb-src http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian trixie main",
        "# deb http://mirror.example/debian bookworm main",
    ],
)
def test_other_lines_are_not_taken(tmp_path: Path, line: str) -> None:
    """Third parties, sources, other suites and comments have no business in a sandbox."""
    (tmp_path / "sources.list").write_text(f"{line}\n")
    assert sources("bookworm", tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Types: deb", "Types: deb-src"),
        ("main", "stable"),
        ("bookworm bookworm-updates", "nodistro"),
        ("Types: deb", "Types: deb\nEnabled: no"),
    ],
)
def test_other_stanzas_are_not_taken(tmp_path: Path, old: str, new: str) -> None:
    """The same holds for stanzas, and for those that are switched off."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/third.sources").write_text(STANZA.replace(old, new))
    assert sources("bookworm", tmp_path) == ()


def test_host_without_apt_has_no_entries(tmp_path: Path) -> None:
    """Where there is no apt, mmdebstrap's own mirrors are left to serve."""
    assert sources("bookworm", tmp_path / "absent") == ()
