"""What of this installation goes into an image."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from assize_sandbox.images.guest import GUEST, TOOLS, Placed, install, installed, recipe

LIBRARY = TOOLS / "lib"


def test_installation_gives_guest_and_analysers() -> None:
    """The guest, ruff, and mypy with the modules that it imports are all there."""
    targets = {file.target for file in installed()}
    assert {
        GUEST / "__init__.py",
        TOOLS / "bin/ruff",
        LIBRARY / "mypy/build.py",
        LIBRARY / "mypy_extensions.py",
        LIBRARY / "typing_extensions.py",
        LIBRARY / "pathspec/__init__.py",
    } <= targets
    assert any(target.is_relative_to(LIBRARY / "librt") for target in targets)


def test_everything_lands_in_our_own_folder() -> None:
    """No file of a distribution gets out of /opt/assize, scripts and metadata stay behind."""
    for file in installed():
        assert ".." not in file.target.parts
        assert file.target.is_relative_to("opt/assize")
        # Of the metadata the version alone: a plugin of the test runner's asks for its own.
        in_metadata = any(part.endswith(".dist-info") for part in file.target.parts)
        assert not in_metadata or file.target.name == "METADATA"
        assert file.origin.is_file()


def test_only_programs_are_executable() -> None:
    """Of the analysers, ruff alone is a program."""
    assert [str(file.target) for file in installed() if file.executable] == [f"{TOOLS}/bin/ruff"]


def test_recipe_tells_every_difference(tmp_path: Path) -> None:
    """Another content, another place or another mode is another recipe."""
    file = Placed(GUEST / "candidate.py", tmp_path / "candidate.py", "1")
    differing = (
        (),
        (replace(file, content="2"),),
        (replace(file, target=GUEST / "probe.py"),),
        (replace(file, executable=True),),
    )
    recipes = {recipe(files) for files in ((file,), *differing)}
    assert len(recipes) == 1 + len(differing)


def test_recipe_does_not_depend_on_the_order_or_the_place_of_installation(tmp_path: Path) -> None:
    """Two installations of one version share an image."""
    one = Placed(PurePosixPath("a"), tmp_path / "a", "1")
    two = Placed(PurePosixPath("b"), tmp_path / "b", "2")
    assert recipe((one, two)) == recipe((two, replace(one, origin=tmp_path / "elsewhere")))


def test_installed_files_are_readable_and_compiled(tmp_path: Path) -> None:
    """Everybody may read what is installed, and a guest need not compile it."""
    origin = tmp_path / "candidate.py"
    origin.write_text("answer = 42\n")
    origin.chmod(0o600)
    rootfs = tmp_path / "root"
    install((Placed(GUEST / "candidate.py", origin, "1"),), rootfs)
    assert (rootfs / GUEST / "candidate.py").stat().st_mode & 0o777 == 0o644
    compiled = list((rootfs / GUEST / "__pycache__").glob("candidate.*.pyc"))
    assert len(compiled) == 1
    # The bytes must not tell where the image was built.
    assert str(tmp_path).encode() not in compiled[0].read_bytes()
