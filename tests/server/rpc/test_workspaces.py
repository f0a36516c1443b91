"""WorkspaceService over real gRPC: forged trees and uploads, owners, and bounded answers."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc
import pytest
from support.workspaces import SETTINGS, Ground, lay, planted, served

from assize.checkout.remote import Outgoing
from assize.convert.workspaces import tree_entry_to_proto
from assize.errors import Conflict, InvalidRequest, MalformedAnswer, NotFound, ReasonCode
from assize.model.effects import EffectKind, FileState, FileType
from assize.trees import (
    DEPTH_MOST,
    EMPTY_TREE,
    PATH_MOST_BYTES,
    Digest,
    FileNode,
    FolderNode,
    LinkNode,
    Tree,
    digest_of,
    encode_tree,
)
from assize.v1 import workspace_pb2, workspace_pb2_grpc
from assize.workspaces import WorkspaceClient

BLOB = b"content"
NODE = FileNode(digest_of(BLOB), len(BLOB), 0o644)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A store that every test of this module shares."""
    with served(tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture
def client(ground: Ground) -> Iterator[WorkspaceClient]:
    """A client, with an empty workspace `shop` of ann's."""
    ground.caller = "ann"
    with WorkspaceClient(ground.address) as made:
        made.create("shop")
        sent(made, BLOB)
        yield made
        ground.caller = "ann"
        for each in made.workspaces():
            made.delete(each.name)


def sent(client: WorkspaceClient, content: bytes) -> Digest:
    """Upload an object and return its name."""
    return sent_all(client, [content])


def sent_all(client: WorkspaceClient, contents: Sequence[bytes]) -> Digest:
    """Upload objects in one call and return the name of the last."""
    outgoing = [Outgoing(digest_of(each), len(each), partial(iter, [each])) for each in contents]
    client.upload("shop", outgoing)
    return digest_of(contents[-1])


def stacked(depth: int, tree: Tree, above: Callable[[Digest], Tree]) -> list[bytes]:
    """Return tree objects, each made of the name of the one before."""
    objects = [encode_tree(tree)]
    for _ in range(depth):
        objects.append(encode_tree(above(digest_of(objects[-1]))))
    return objects


def push(client: WorkspaceClient, tree: str, root_mode: int = 0o755) -> str:
    """Push a tree onto the head; return the snapshot."""
    head = client.workspace("shop").head
    return client.move_head("shop", expected_head=head, tree=tree, root_mode=root_mode).snapshot


def refused(client: WorkspaceClient, tree: bytes) -> str:
    """Return why a forged tree is refused; the head stays."""
    head, digest = client.workspace("shop").head, sent(client, tree)
    with pytest.raises(InvalidRequest) as caught:
        push(client, digest)
    assert client.workspace("shop").head == head
    return str(caught.value)


def forged(*entries: object) -> bytes:
    """Return a tree object as no code of ours would write it."""
    return json.dumps(list(entries), separators=(",", ":")).encode()


ONE = digest_of(BLOB)


@pytest.mark.parametrize(
    "tree",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 100_000,
        b"[ ]",
        b'[["a","file",420,"%s",7],["a","file",420,"%s",7]]' % (ONE.encode(), ONE.encode()),
        forged(["b", "file", 420, ONE, 7], ["a", "file", 420, ONE, 7]),
        forged(["..", "file", 420, ONE, 7]),
        forged([".", "folder", 493, EMPTY_TREE]),
        forged(["", "file", 420, ONE, 7]),
        forged(["a/b", "file", 420, ONE, 7]),
        forged(["/etc", "file", 420, ONE, 7]),
        forged(["a\0", "file", 420, ONE, 7]),
        forged(["\ud800", "file", 420, ONE, 7]),
        b'[["\\udc80","file",420,"%s",7]]' % ONE.encode(),
        forged(["a" * 256, "file", 420, ONE, 7]),
        forged(["a", "file", 0o4755, ONE, 7]),
        forged(["a", "file", -1, ONE, 7]),
        forged(["a", "file", True, ONE, 7]),
        forged(["a", "file", 420.0, ONE, 7]),
        forged(["a", "file", 420, ONE, True]),
        forged(["a", "file", 420, ONE, -7]),
        forged(["a", "file", 420, ONE, 2**63]),
        b'[["a","file",420,"%s",%s]]' % (ONE.encode(), b"9" * 5000),
        forged(["a", "file", 420, "../../../etc/passwd", 7]),
        forged(["a", "file", 420, ONE.upper(), 7]),
        forged(["a", "device", 420, ONE, 7]),
        forged(["a", "file", 420, ONE, 7, 7]),
        forged(["a", "link", ""]),
        forged(["a", "link", "x\0"]),
        forged(["a", "link", "\ud800"]),
        forged(["a", "link", "x" * (PATH_MOST_BYTES + 1)]),
        forged(["a", "folder", 493, "x"]),
        forged("a"),
        forged([]),
        forged([["a"], "link", "x"]),
    ],
)
def test_forged_tree_is_refused(client: WorkspaceClient, tree: bytes) -> None:
    """Whatever is not in the one form of a tree: names, modes, sizes, digests, order, types."""
    assert "is no tree" in refused(client, tree)


def test_tree_with_another_size_than_the_content_is_refused(client: WorkspaceClient) -> None:
    """Quotas count what is there, not what is claimed."""
    tree = encode_tree({"a": FileNode(NODE.digest, 3, 0o644)})
    assert "says 3 bytes, the content has 7" in refused(client, tree)


def test_tree_that_names_what_is_not_there_is_refused(client: WorkspaceClient) -> None:
    """Content and trees alike, wherever they are missing."""
    nowhere = digest_of(b"nowhere")
    below = sent(client, encode_tree({"b": FileNode(nowhere, 7, 0o644)}))
    for tree in (
        {"a": FileNode(nowhere, 7, 0o644)},
        {"a": FolderNode(nowhere)},
        {"a": FolderNode(below)},
    ):
        assert f"{nowhere} was not uploaded; push again" in refused(client, encode_tree(tree))


def test_root_that_is_none_is_refused(client: WorkspaceClient) -> None:
    """Digest and mode of the root are a caller's like all the rest."""
    tree = sent(client, encode_tree({}))
    for digest, mode in (("x", 0o755), ("../x", 0o755), (tree, 0o1755), (digest_of(b"?"), 0o755)):
        with pytest.raises(InvalidRequest):
            push(client, digest, mode)


def test_tree_deeper_than_allowed_is_refused(client: WorkspaceClient) -> None:
    """As deep as allowed is taken."""
    deep = stacked(DEPTH_MOST - 1, {"f": NODE}, lambda below: {"d": FolderNode(below)})
    tree = sent_all(client, deep)
    push(client, tree)
    too_deep = encode_tree({"d": FolderNode(tree)})
    assert f"deeper than {DEPTH_MOST} folders" in refused(client, too_deep)


def test_path_longer_than_allowed_is_refused(client: WorkspaceClient) -> None:
    """Each name is fine, together they could not be opened."""
    count = PATH_MOST_BYTES // 251 + 1
    long = stacked(count, {"f": NODE}, lambda below: {"n" * 250: FolderNode(below)})
    tree = encode_tree({"d": FolderNode(sent_all(client, long))})
    assert f"more than {PATH_MOST_BYTES} bytes" in refused(client, tree)


def test_few_trees_that_stand_for_countless_files_are_refused(client: WorkspaceClient) -> None:
    """Each names the one below it twice: 2^150 files in 150 small objects."""
    bomb = stacked(150, {"f": NODE}, lambda below: {"a": FolderNode(below), "b": FolderNode(below)})
    tree = sent_all(client, bomb)
    most = SETTINGS.quotas.workspace_entries
    with pytest.raises(InvalidRequest, match=f"at most {most} are allowed") as caught:
        push(client, tree)
    assert caught.value.reason == ReasonCode.OVER_QUOTA


def test_tree_with_countless_names_is_refused(client: WorkspaceClient) -> None:
    """By its size, before it is parsed."""
    name = b'["' + b"n" * 200 + b'","link","x"],'
    tree = b"[" + name * (SETTINGS.quotas.tree_bytes // len(name) + 1) + b"]"
    assert f"at most {SETTINGS.quotas.tree_bytes} are taken" in refused(client, tree)


def test_upload_under_another_digest_is_refused(client: WorkspaceClient) -> None:
    """In one part and in several; what came whole before it is kept."""
    large = b"x" * (2 * 1024 * 1024)
    for content in (b"other", large):
        before = b"first" + content[:1]
        first = digest_of(before)
        wrong = Outgoing(digest_of(b"claimed"), len(content), partial(iter, [content]))
        right = Outgoing(first, len(before), partial(iter, [before]))
        with pytest.raises(InvalidRequest, match="have another digest"):
            client.upload("shop", [right, wrong])
        assert client.missing("shop", [first, wrong.digest]) == [wrong.digest]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([("x", 1, b"1")], "is no digest"),
        ([("../../x", 100, b"1")], "is no digest"),
        ([(ONE, 7, b"cont")], "ended after 4 of 7 bytes"),
        ([(ONE, 7, b"cont"), (EMPTY_TREE, 2, b"[]")], "ended after 4 bytes"),
        ([(ONE, 7, b"cont"), (ONE, 8, b"ent")], "ended after 4 bytes"),
        ([(ONE, 7, b"content too long")], "longer than the 7 bytes announced"),
        ([(ONE, -1, b"")], "bytes of object"),
        ([(ONE, 2**62, b"1")], "bytes of object"),
    ],
)
def test_upload_in_another_form_is_refused(
    ground: Ground, client: WorkspaceClient, parts: list[tuple[str, int, bytes]], told: str
) -> None:
    """And leaves nothing behind."""
    request = workspace_pb2.UploadRequest(workspace="shop")
    for digest, size_bytes, data in parts:
        request.parts.append(
            workspace_pb2.ObjectPart(digest=digest, size_bytes=size_bytes, data=data)
        )
    with grpc.insecure_channel(ground.address) as channel:
        stub = workspace_pb2_grpc.WorkspaceServiceStub(channel)
        with pytest.raises(grpc.RpcError, match=told):
            stub.Upload(iter([request]))
    assert list((ground.store.folder / "aside").iterdir()) == []
    assert client.workspace("shop").snapshots == 1


@pytest.mark.parametrize("quota", ["disk_bytes_free", "disk_files_free"])
def test_upload_is_refused_when_the_disk_is_nearly_full(tmp_path: Path, quota: str) -> None:
    """What the operator keeps free stays free, of bytes and of files."""
    full = replace(SETTINGS, quotas=replace(SETTINGS.quotas, **{quota: 2**62}))
    with served(tmp_path, full) as ground, WorkspaceClient(ground.address) as client:
        client.create("shop")
        with pytest.raises(InvalidRequest, match="reserve of disk"):
            sent(client, b"x")


def test_content_of_another_owner_is_not_given_for_its_digest(
    ground: Ground, client: WorkspaceClient
) -> None:
    """Neither whether it is there, nor by a tree that names it, until it was sent."""
    secret = b"ann's own"
    digest = sent(client, secret)
    ground.caller = "bob"
    client.create("shop")
    try:
        assert client.missing("shop", [digest]) == [digest]
        tree = sent(client, encode_tree({"stolen": FileNode(digest, len(secret), 0o644)}))
        with pytest.raises(InvalidRequest, match=f"{digest} was not uploaded"):
            push(client, tree)
        assert sent(client, secret) == digest
        push(client, tree)
    finally:
        client.delete("shop")


def test_workspace_of_another_owner_is_not_found(ground: Ground, client: WorkspaceClient) -> None:
    """By any call."""
    head = client.workspace("shop").head
    ground.caller = "bob"
    acts: list[Callable[[], object]] = [
        lambda: client.workspace("shop"),
        lambda: client.delete("shop"),
        lambda: client.listing("shop"),
        lambda: client.file("shop", "a"),
        lambda: client.log("shop"),
        lambda: client.diff("shop", "head"),
        lambda: client.rollback("shop", "head"),
        lambda: client.fork("shop", "mine"),
        lambda: client.missing("shop", [ONE]),
        lambda: sent(client, b"x"),
        lambda: client.move_head("shop", expected_head=head, tree=EMPTY_TREE, root_mode=0o755),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()
    assert client.workspaces() == ()


def test_requests_over_their_bounds_are_refused(client: WorkspaceClient) -> None:
    """A thousand paths, ten thousand digests."""
    with pytest.raises(InvalidRequest, match="1001 paths"):
        list(client.read_files("shop", "", ["a"] * 1001))
    assert client.missing("shop", [ONE] * 10_001) == []
    with pytest.raises(InvalidRequest, match="no digest"):
        client.missing("shop", ["../x"])


def test_push_again_after_its_answer_was_lost_does_nothing(client: WorkspaceClient) -> None:
    """The head is what was to be the head: that is no conflict."""
    base, tree = client.workspace("shop").head, sent(client, encode_tree({"a": NODE}))
    first = client.move_head("shop", expected_head=base, tree=tree, root_mode=0o755)
    again = client.move_head("shop", expected_head=base, tree=tree, root_mode=0o755)
    assert (again.snapshot, again.entry) == (first.snapshot, None)
    other = sent(client, encode_tree({"b": NODE}))
    with pytest.raises(Conflict, match="pull") as caught:
        client.move_head("shop", expected_head=base, tree=other, root_mode=0o755)
    assert caught.value.reason == ReasonCode.HEAD_MOVED


def test_diff_tells_each_kind_of_change(client: WorkspaceClient, tmp_path: Path) -> None:
    """Made, written, removed, other bits, links, folders; text line by line."""
    lay(tmp_path / "f", {"w": b"one\ntwo\n", "gone": b"x", "bits": b"x", "t": b"x", "d/x": b"x"})
    client.push("shop", tmp_path / "f")
    for name in ("gone", "t", "d/x"):
        (tmp_path / "f" / name).unlink()
    (tmp_path / "f" / "d").rmdir()
    (tmp_path / "f" / "w").write_bytes(b"one\nthree\n")
    (tmp_path / "f" / "bits").chmod(0o600)
    lay(tmp_path / "f", {"new": b"\0binary", "t": "w", "e/y": b""})
    client.push("shop", tmp_path / "f")
    found = client.diff("shop", "head~1")
    assert [(each.kind, each.path) for each in found.effects] == [
        (EffectKind.FS_CHMOD, "bits"),
        (EffectKind.FS_RMDIR, "d"),
        (EffectKind.FS_DELETE, "d/x"),
        (EffectKind.FS_MKDIR, "e"),
        (EffectKind.FS_CREATE, "e/y"),
        (EffectKind.FS_DELETE, "gone"),
        (EffectKind.FS_CREATE, "new"),
        (EffectKind.FS_DELETE, "t"),
        (EffectKind.FS_SYMLINK, "t"),
        (EffectKind.FS_WRITE, "w"),
    ]
    assert "-two\n+three" in found.effects[-1].diff
    assert found.effects[6].diff == ""
    assert client.diff("shop", "head").effects == ()


def test_log_is_told_in_parts(client: WorkspaceClient) -> None:
    """The newest first; from where the last part ended."""
    for number in range(4):
        push(client, sent(client, encode_tree({f"f{number}": NODE})))
    sequences = [entry.sequence for entry in client.log("shop", 3)]
    assert sequences == [5, 4, 3]
    assert [entry.sequence for entry in client.log("shop", 3, before=3)] == [2, 1]


def test_listing_of_many_files_comes_in_parts(ground: Ground, client: WorkspaceClient) -> None:
    """More than one message holds, in order, checked against the id."""
    tree = {f"f{number:05}": NODE for number in range(2500)}
    push(client, sent(client, encode_tree(tree)))
    assert list(client.listing("shop").entries) == list(tree)
    assert ground.caller == "ann"


@contextmanager
def lying(address: str, path: str) -> Iterator[None]:
    """Serve a liar: it lists one path, whatever it is asked."""

    def lie(request: object, context: object) -> Iterator[workspace_pb2.ReadSnapshotResponse]:
        entry = tree_entry_to_proto(path, FileState(FileType.FILE, 0o644, 7, ONE))
        yield workspace_pb2.ReadSnapshotResponse(snapshot=ONE, root_mode=0o755, entries=[entry])

    handler = grpc.unary_stream_rpc_method_handler(
        lie,
        request_deserializer=workspace_pb2.ReadSnapshotRequest.FromString,
        response_serializer=workspace_pb2.ReadSnapshotResponse.SerializeToString,
    )
    generic = grpc.method_handlers_generic_handler(
        "assize.v1.WorkspaceService", {"ReadSnapshot": handler}
    )
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((generic,))
    server.add_insecure_port(address)
    server.start()
    try:
        yield
    finally:
        server.stop(0).wait()


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a/../b", ".", "", "d/x"])
def test_listing_with_a_path_out_of_the_tree_is_not_believed(path: str, tmp_path: Path) -> None:
    """A service that lies about names reaches no folder: its list has no id."""
    address = f"unix://{tmp_path}/lies.sock"
    with (
        lying(address, path),
        WorkspaceClient(address) as client,
        pytest.raises(MalformedAnswer, match="is no snapshot"),
    ):
        client.listing("shop")


def test_collection_is_told(ground: Ground, client: WorkspaceClient) -> None:
    """How much went: here, what no log names any more."""
    digest = sent(client, b"never pushed")
    ground.now_ms, before = 2**42, ground.now_ms
    try:
        collected = client.collect_garbage()
    finally:
        ground.now_ms = before
    assert collected.objects > 0
    assert client.missing("shop", [digest]) == [digest]


def test_planted_link_is_listed_and_not_followed(ground: Ground, client: WorkspaceClient) -> None:
    """A link is text: nothing of ours reads what it points to."""
    root = planted(ground.store.objects, {"l": "/etc/passwd", "up": "../../x"})
    push(client, sent(client, ground.store.objects.read(root.tree)))
    entries = client.listing("shop").entries
    assert (entries["l"].target, entries["up"].target) == ("/etc/passwd", "../../x")
    assert LinkNode("/etc/passwd") == ground.store.objects.tree(root.tree)["l"]
    with pytest.raises(NotFound):
        client.file("shop", "l")
