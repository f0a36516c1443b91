"""Objects that are put together are there together, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assize_sandbox.workspaces.batches import PENDING_MOST, Batch
from assize_sandbox.workspaces.nodes import digest_of
from assize_sandbox.workspaces.objects import ObjectStore


def test_objects_of_a_batch_are_there_afterwards(objects: ObjectStore, memory: Path) -> None:
    """However many, each once, and nothing is left aside."""
    contents = [str(number).encode() for number in range(2 * PENDING_MOST + 3)]
    with Batch(objects) as batch:
        digests = [batch.put(content) for content in (*contents, *contents)]
    assert [objects.read(digest) for digest in digests] == [*contents, *contents]
    assert list((memory / "objects" / "aside").iterdir()) == []


def test_batch_that_fails_brings_in_nothing_more(objects: ObjectStore, memory: Path) -> None:
    """What was written aside is removed."""

    def fail_in_batch() -> None:
        with Batch(objects) as batch:
            batch.put(b"lost")
            raise KeyError

    with pytest.raises(KeyError):
        fail_in_batch()
    assert not objects.has(digest_of(b"lost"))
    assert list((memory / "objects" / "aside").iterdir()) == []


def test_object_that_is_there_is_not_written_again(objects: ObjectStore) -> None:
    """It is kept as it is."""
    digest = objects.put(b"there")
    inode = objects.path(digest).stat().st_ino
    with Batch(objects) as batch:
        assert batch.put(b"there") == digest
    assert objects.path(digest).stat().st_ino == inode


def test_store_is_made_durable_while_others_put(objects: ObjectStore) -> None:
    """Neither stumbles over the other."""
    with ThreadPoolExecutor(4) as threads:
        puts = [threads.submit(objects.put, str(number).encode()) for number in range(500)]
        syncs = [threads.submit(objects.sync) for _ in range(50)]
        digests = {put.result() for put in puts}
        assert [sync.result() for sync in syncs] == [None] * 50
    assert len(digests) == 500
