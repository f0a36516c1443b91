"""The documents name what is there: files, folders, tests."""

import re

import pytest
from support.named_tests import ROOT, missing_from

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("[!.]*/README.md"))
)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]+)")
PLACE = re.compile(
    r"`(?P<path>(?:client|sandbox|server|tests|policies|proto|tools|docs)/[\w./-]+)`"
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """Nothing that a document links to was moved or removed."""
    folder = (ROOT / document).parent
    paths = [match["path"] for match in LINK.finditer((ROOT / document).read_text())]
    assert [path for path in paths if not (folder / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_by_their_whole_path_exist(document: str) -> None:
    """A map that shows what is not there is worse than none."""
    paths = [match["path"] for match in PLACE.finditer((ROOT / document).read_text())]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_tests_that_are_named_exist(document: str) -> None:
    """A barrier that a test holds, is held."""
    assert missing_from((ROOT / document).read_text()) == []


def test_map_shows_every_folder_of_the_packages() -> None:
    """A new folder is not left for its readers to guess."""
    told = (ROOT / "ARCHITECTURE.md").read_text()
    packages = (
        ROOT / path for path in ("client/assize", "sandbox/assize_sandbox", "server/assize_server")
    )
    folders = [
        init.parent.relative_to(ROOT).as_posix()
        for package in packages
        for init in package.glob("*/__init__.py")
    ]
    assert [folder for folder in folders if f"`{folder}" not in told] == []


def test_decisions_are_numbered_without_gap_and_listed() -> None:
    """Each is found under the number in its name and its heading."""
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    for number, path in enumerate(DECISIONS, start=1):
        assert path.name.startswith(f"{number:04}-")
        assert path.read_text().startswith(f"# {number}. ")
        assert f"[{number}]({path.name})" in listed
