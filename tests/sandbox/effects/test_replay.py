"""The list of effects is all that changed: carried out on the base, it makes the head."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.effect_trees import Content, Folder, Link, Said, tree_of

from assize.model.effects import Effect, EffectKind
from assize_sandbox.effects import EffectsDoNotFit, effects_between, replayed
from assize_sandbox.workspaces.objects import ObjectStore

NAMES = st.sampled_from("abcd")
MODES = st.sampled_from([0o644, 0o600, 0o755])
CONTENTS = st.sampled_from([b"", b"1", b"12", b"123", b"x\ny\n"])
LEAVES = (
    st.builds(Content, CONTENTS, MODES)
    | st.builds(Link, st.sampled_from(["a", "../b"]))
    | st.builds(Folder, st.sampled_from([0o755, 0o700]))
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, LEAVES, max_size=8)


def sound(said: Said) -> Said:
    """Leave out what would have to be in something that is no folder."""
    return {
        path: what
        for path, what in said.items()
        if all(
            isinstance(said.get("/".join(path.split("/")[:n]), Folder()), Folder)
            for n in range(1, path.count("/") + 1)
        )
    }


@st.composite
def edited(draw: st.DrawFn) -> tuple[Said, Said]:
    """Return a tree and what renames, copies, deletes and writes make of it."""
    before = sound(draw(TREES))
    after = dict(before)
    for _ in range(draw(st.integers(0, 5))):
        target = draw(PATHS)
        source = draw(st.sampled_from(sorted(after))) if after else target
        match draw(st.sampled_from(["move", "copy", "delete", "write", "tree"])):
            case "move" if source in after:
                after[target] = after.pop(source)
            case "copy" if source in after:
                after[target] = after[source]
            case "delete":
                after.pop(source, None)
            case "write":
                after[target] = draw(LEAVES)
            case "tree":
                moved = {key for key in after if key.startswith(f"{source}/")}
                after |= {target + key[len(source) :]: after.pop(key) for key in moved}
    return before, sound(after)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees=edited() | st.tuples(TREES.map(sound), TREES.map(sound)))
def test_effects_replayed_on_the_base_give_the_head(
    tmp_path: Path, trees: tuple[Said, Said]
) -> None:
    """Whatever is done to whatever tree, nothing is missing from the list; digest for digest."""
    objects = ObjectStore(tmp_path)
    base, head = (tree_of(objects, said) for said in trees)
    effects = asyncio.run(effects_between(objects, base, head))
    assert replayed(objects, base, effects) == head
    assert replayed(objects, base, reversed(effects)) == head
    assert bool(effects) == (base != head)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees=edited())
def test_every_file_that_is_gone_is_a_delete_or_the_source_of_one_rename(
    tmp_path: Path, trees: tuple[Said, Said]
) -> None:
    """A rename never hides a delete: what is gone is told once, and a rename's content is there."""
    objects = ObjectStore(tmp_path)
    before, after = trees
    effects = asyncio.run(
        effects_between(objects, tree_of(objects, before), tree_of(objects, after))
    )
    files = {path for path, what in before.items() if isinstance(what, Content | Link)}
    gone = {path for path in files if not isinstance(after.get(path), type(before[path]))}
    deletes = [each.path for each in effects if each.kind is EffectKind.FS_DELETE]
    sources = [each.source for each in effects if each.source]
    assert sorted(deletes + sources) == sorted(gone)
    for each in effects:
        if each.source:
            old, new = before[each.source], after[each.path]
            assert isinstance(old, Content)
            assert isinstance(new, Content)
            assert old.content == new.content


MISFITS: dict[str, tuple[Said, Said, Said]] = {
    "something else was there": ({"a": b"1"}, {"a": b"2"}, {"a": b"3"}),
    "nothing was there": ({"a": b"1"}, {}, {}),
    "the source is not there": ({"a": b"1"}, {"b": b"1"}, {"c": b"1"}),
    "something is there already": ({}, {"a": b"1"}, {"a": b"1"}),
    "a folder holds more": ({"d/a": b"1"}, {}, {"d/a": b"1", "d/b": b"2"}),
    "a folder is missing": ({"d/a": b"1"}, {"d/a": b"1", "d/b": b"2"}, {}),
    "its mode was another": (
        {"a": b"1"},
        {"a": Content(b"1", 0o755)},
        {"a": Content(b"1", 0o600)},
    ),
}


@pytest.mark.parametrize(("base", "head", "other"), MISFITS.values(), ids=MISFITS)
async def test_effects_of_another_base_are_refused(
    tmp_path: Path, base: Said, head: Said, other: Said
) -> None:
    """Nothing is carried out where something else stands."""
    objects = ObjectStore(tmp_path)
    effects = await effects_between(objects, tree_of(objects, base), tree_of(objects, head))
    with pytest.raises(EffectsDoNotFit):
        replayed(objects, tree_of(objects, other), effects)


def test_what_no_workspace_holds_is_never_carried_out(tmp_path: Path) -> None:
    """A list with such an effect has no result."""
    objects = ObjectStore(tmp_path)
    with pytest.raises(EffectsDoNotFit):
        replayed(objects, tree_of(objects, {}), [Effect(EffectKind.FS_SPECIAL, "fifo")])
