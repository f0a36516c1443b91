"""What the guest tells of two states of a database. No container here: these files are our own."""

import shutil
import time
from pathlib import Path
from types import ModuleType

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Compare, Told, make

USERS = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, score)"
BLOB = "INSERT INTO users VALUES (1, 'it''s', x'" + "ab" * 99 + "')"
LETTERS = """INSERT INTO t VALUES
(char(0x41)), (char(0x100)), (char(0x141)), (char(0xFFFD)), (char(0x1F600)), (char(0x200))"""
ROWS = "INSERT INTO users VALUES (1, 'ann', 1), (2, 'bob', 2), (3, 'eve', 0)"


def counted(rows: int, size: int) -> str:
    """Return a query for so many rows of so many bytes."""
    numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i"
    return f"{numbers}, zeroblob({size}) FROM n LIMIT {rows}"


def brief(told: Told) -> list[tuple[object, ...]]:
    """Return kind, table and count of each effect."""
    effects = told.get("effects")
    assert isinstance(effects, list), told
    return [(each["kind"], each["table"], each["count"]) for each in effects]


CASES: dict[str, tuple[list[str], list[str], list[tuple[object, ...]]]] = {
    "nothing": ([USERS, ROWS], ["VACUUM"], []),
    "insert": (
        [USERS, ROWS],
        ["INSERT INTO users VALUES (9, 'x', 1)"],
        [("insert", "main.users", 1)],
    ),
    "update": (
        [USERS, ROWS],
        ["UPDATE users SET score = 5 WHERE id < 3"],
        [("update", "main.users", 2)],
    ),
    "delete": ([USERS, ROWS], ["DELETE FROM users"], [("delete", "main.users", 3)]),
    "all at once": (
        [USERS, ROWS],
        [
            "DELETE FROM users WHERE id = 1",
            "UPDATE users SET name = 'z' WHERE id = 2",
            "INSERT INTO users VALUES (0, 'a', 1)",
        ],
        [("insert", "main.users", 1), ("update", "main.users", 1), ("delete", "main.users", 1)],
    ),
    "another key": (
        [USERS, ROWS],
        ["UPDATE users SET id = 7 WHERE id = 1"],
        [("insert", "main.users", 1), ("delete", "main.users", 1)],
    ),
    "letter case in a column that ignores it": (
        [USERS, ROWS],
        ["UPDATE users SET name = 'ANN' WHERE id = 1"],
        [("update", "main.users", 1)],
    ),
    "letter case in a key that ignores it": (
        ["CREATE TABLE t(k TEXT COLLATE NOCASE PRIMARY KEY)", "INSERT INTO t VALUES ('a')"],
        ["UPDATE t SET k = 'A'"],
        [("insert", "main.t", 1), ("delete", "main.t", 1)],
    ),
    "a float for an integer": (
        [USERS, ROWS],
        ["UPDATE users SET score = 1.0 WHERE id = 1"],
        [("update", "main.users", 1)],
    ),
    "text for a blob": (
        ["CREATE TABLE t(k PRIMARY KEY, v)", "INSERT INTO t VALUES (1, 'a')"],
        ["UPDATE t SET v = x'61'"],
        [("update", "main.t", 1)],
    ),
    "rows whose key is NULL": (
        ["CREATE TABLE t(k TEXT PRIMARY KEY, v)", "INSERT INTO t VALUES (NULL, 1), (NULL, 2)"],
        ["UPDATE t SET v = 3 WHERE v = 2"],
        [("update", "main.t", 1)],
    ),
    "a key of mixed types": (
        [
            "CREATE TABLE t(k PRIMARY KEY)",
            "INSERT INTO t VALUES (1), ('1'), (x'31'), (NULL), (1.5)",
        ],
        ["DELETE FROM t WHERE typeof(k) = 'text'"],
        [("delete", "main.t", 1)],
    ),
    "a key of two columns, without rowid": (
        [
            "CREATE TABLE t(v, a, b, PRIMARY KEY(b, a)) WITHOUT ROWID",
            "INSERT INTO t VALUES (1, 2, 3)",
        ],
        ["UPDATE t SET v = 0", "INSERT INTO t VALUES (1, 3, 2)"],
        [("insert", "main.t", 1), ("update", "main.t", 1)],
    ),
    "generated columns": (
        [
            "CREATE TABLE t(k INTEGER PRIMARY KEY, v, d AS (v * 2), s AS (v * 3) STORED)",
            "INSERT INTO t(k, v) VALUES (1, 2)",
        ],
        ["UPDATE t SET v = 4"],
        [("update", "main.t", 1)],
    ),
    "no primary key": (
        ["CREATE TABLE t(v)", "INSERT INTO t VALUES (1)"],
        ["UPDATE t SET v = 2"],
        [("unattributable", "main.t", 1)],
    ),
    "no primary key and nothing changed": (
        ["CREATE TABLE t(v)", "INSERT INTO t VALUES (1)", USERS, ROWS],
        ["DELETE FROM users WHERE id = 1"],
        [("delete", "main.users", 1)],
    ),
    "a table is made": (
        [],
        [USERS, ROWS],
        [("schema", "main.users", 1), ("insert", "main.users", 3)],
    ),
    "a table without a primary key is made": (
        [],
        ["CREATE TABLE t(v)", "INSERT INTO t VALUES (1), (1)"],
        [("schema", "main.t", 1), ("insert", "main.t", 2)],
    ),
    "a table is dropped": (
        [USERS, ROWS],
        ["DROP TABLE users"],
        [("schema", "main.users", 1), ("delete", "main.users", 3)],
    ),
    "a column is added": (
        [USERS, ROWS],
        ["ALTER TABLE users ADD COLUMN mail", "UPDATE users SET mail = 'm' WHERE id = 1"],
        [("schema", "main.users", 1), ("update", "main.users", 1)],
    ),
    "a column is dropped with what it held": (
        [USERS, ROWS],
        ["ALTER TABLE users DROP COLUMN score"],
        [("schema", "main.users", 1), ("update", "main.users", 3)],
    ),
    "another primary key": (
        ["CREATE TABLE t(a PRIMARY KEY, b)", "INSERT INTO t VALUES (1, 2)"],
        ["DROP TABLE t", "CREATE TABLE t(a, b PRIMARY KEY)", "INSERT INTO t VALUES (1, 2)"],
        [("schema", "main.t", 1), ("unattributable", "main.t", 1)],
    ),
    "view, index and trigger": (
        [USERS, ROWS, "CREATE VIEW v AS SELECT 1"],
        [
            "DROP VIEW v",
            "CREATE INDEX i ON users(name)",
            "CREATE TRIGGER t AFTER DELETE ON users BEGIN DELETE FROM users; END",
        ],
        [("schema", "main.i", 1), ("schema", "main.t", 1), ("schema", "main.v", 1)],
    ),
    "numbers of the application": (
        [USERS],
        ["PRAGMA user_version=7", "PRAGMA application_id=9"],
        [("schema", "main", 1), ("schema", "main", 1)],
    ),
    "automatic numbers": (
        ["CREATE TABLE t(k INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO t VALUES (1)"],
        ["INSERT INTO t VALUES (NULL)"],
        [("update", "main.sqlite_sequence", 1), ("insert", "main.t", 1)],
    ),
    "names that are SQL": (
        ['CREATE TABLE "a""; DROP TABLE x; --"("k""" PRIMARY KEY, "select")'],
        ['INSERT INTO "a""; DROP TABLE x; --" VALUES (1, 2)'],
        [("insert", 'main.a"; DROP TABLE x; --', 1)],
    ),
}


@pytest.mark.parametrize(("before", "changes", "expected"), CASES.values(), ids=CASES)
def test_two_states_are_told_to_differ_by(
    compare: Compare,
    tmp_path: Path,
    before: list[str],
    changes: list[str],
    expected: list[tuple[object, ...]],
) -> None:
    """Rows are counted exactly, the schema is told apart, what cannot be told is told as such."""
    old = make(tmp_path / "old", *before)
    new = tmp_path / "new"
    shutil.copy(old, new)
    make(new, *changes)
    assert brief(compare(old, new)) == expected


def test_rows_are_shown_as_sql(compare: Compare, tmp_path: Path) -> None:
    """Key, and of an update what changed; values as literals, cut where they are long."""
    old = make(tmp_path / "old", USERS, "INSERT INTO users VALUES (1, 'it''s', NULL)")
    new = make(tmp_path / "new", USERS, BLOB)
    effects = compare(old, new)["effects"]
    assert isinstance(effects, list)
    key, before, after = effects[0]["rows"][0]
    assert (key, before) == ([("id", "1")], [("score", "NULL")])
    assert after == [("score", f"X'{'AB' * 50}'... (99 bytes)")]


def test_virtual_table_is_unattributable_beside_what_it_keeps(
    compare: Compare, tmp_path: Path
) -> None:
    """Full text search keeps its content in tables of its own: those are told, and it as well."""
    old = make(tmp_path / "old", "CREATE VIRTUAL TABLE f USING fts5(text)")
    new = tmp_path / "new"
    shutil.copy(old, new)
    make(new, "INSERT INTO f VALUES ('hello')")
    told = brief(compare(old, new))
    assert ("insert", "main.f_content", 1) in told
    assert ("unattributable", "main.f", 1) in told


def test_new_database_is_told_row_by_row(compare: Compare, tmp_path: Path) -> None:
    """One that was not there is compared with an empty one; one that is gone, too."""
    there = make(tmp_path / "there", USERS, ROWS)
    assert ("insert", "main.users", 3) in brief(compare(tmp_path / "none", there))
    assert ("delete", "main.users", 3) in brief(compare(there, tmp_path / "none"))


def test_utf16_databases_are_compared_in_their_own_order(compare: Compare, tmp_path: Path) -> None:
    """SQLite orders the bytes of its encoding; another encoding on either side is told."""
    begin = ["PRAGMA encoding='UTF-16le'", "CREATE TABLE t(k TEXT PRIMARY KEY)", LETTERS]
    old = make(tmp_path / "old", *begin)
    new = make(tmp_path / "new", *begin, "DELETE FROM t WHERE k = 'A'")
    assert brief(compare(old, new)) == [("delete", "main.t", 1)]
    other = make(tmp_path / "other", begin[1], "INSERT INTO t VALUES ('A')")
    assert brief(compare(old, other)) == [("unattributable", "main.t", 1)]


def test_index_that_lies_hides_nothing(compare: Compare, tmp_path: Path) -> None:
    """A row that is gone from the table and not from its index is a deleted one, and is told."""
    old = make(
        tmp_path / "old", "CREATE TABLE t(k TEXT PRIMARY KEY, v)", "INSERT INTO t VALUES ('a', 1)"
    )
    new = tmp_path / "new"
    shutil.copy(old, new)
    database = apsw.Connection(str(new))
    index = database.execute("SELECT rootpage FROM sqlite_schema WHERE type = 'index'").get
    database.close()
    page = database_page(new, index)
    make(new, "DELETE FROM t")
    write_page(new, index, page)
    told = compare(old, new)
    assert ("delete", "main.t", 1) in brief(told)
    assert ("unattributable", "main", 1) in brief(told)


def database_page(path: Path, number: int, size: int = 4096) -> bytes:
    """Return a page of a database."""
    return path.read_bytes()[(number - 1) * size : number * size]


def write_page(path: Path, number: int, page: bytes) -> None:
    """Overwrite a page of a database."""
    with path.open("r+b") as file:
        file.seek((number - 1) * len(page))
        file.write(page)


def test_wal_is_folded_in(compare: Compare, tmp_path: Path) -> None:
    """What was committed to the log alone is there for whoever opens the database."""
    old = make(tmp_path / "old", USERS, ROWS, "PRAGMA journal_mode=WAL")
    new = tmp_path / "new"
    shutil.copy(old, tmp_path / "live")
    database = apsw.Connection(str(tmp_path / "live"))
    database.execute("DELETE FROM users WHERE id = 2")
    shutil.copy(tmp_path / "live", new)
    shutil.copy(tmp_path / "live-wal", tmp_path / "new-wal")
    database.close()
    assert old.read_bytes() == new.read_bytes()
    assert brief(compare(old, new)) == [("delete", "main.users", 1)]


def test_hot_journal_is_rolled_back(compare: Compare, tmp_path: Path) -> None:
    """A transaction that died half-way is undone, as the next program would undo it."""
    old = make(tmp_path / "old", USERS, ROWS)
    shutil.copy(old, tmp_path / "live")
    database = apsw.Connection(str(tmp_path / "live"))
    database.execute("PRAGMA cache_spill=ON; PRAGMA cache_size=1; BEGIN; DELETE FROM users")
    database.execute("CREATE TABLE big(k INTEGER PRIMARY KEY, v)")
    database.execute(f"INSERT INTO big {counted(50, 4000)}")
    shutil.copy(tmp_path / "live", tmp_path / "new")
    shutil.copy(tmp_path / "live-journal", tmp_path / "new-journal")
    database.execute("ROLLBACK")
    database.close()
    assert old.read_bytes() != (tmp_path / "new").read_bytes()
    assert brief(compare(old, tmp_path / "new")) == []


def test_journal_over_several_databases_is_a_fault(
    compare: Compare, guest: ModuleType, tmp_path: Path
) -> None:
    """Whether it counts depends on files elsewhere: it is not taken for one that does not."""
    old = make(tmp_path / "old", USERS, ROWS)
    shutil.copy(old, tmp_path / "new")
    magic = guest.database_side.JOURNAL_MAGIC
    journal = magic + b"\0" * 504 + b"/workspace/elsewhere-mj1" + b"\0" * 8 + magic
    (tmp_path / "new-journal").write_bytes(journal)
    assert "several databases" in str(compare(old, tmp_path / "new")["fault"])


def test_what_cannot_be_read_is_a_fault(compare: Compare, tmp_path: Path) -> None:
    """A file that only begins like a database is no database without rows."""
    good = make(tmp_path / "good", USERS, ROWS)
    bad = tmp_path / "bad"
    bad.write_bytes(good.read_bytes()[:100] + b"\xff" * 8092)
    assert "cannot be read" in str(compare(good, bad)["fault"])
    assert "cannot be read" in str(compare(bad, good)["fault"])


def test_text_that_is_no_utf8_is_unattributable(compare: Compare, tmp_path: Path) -> None:
    """Such a table is told to have changed, not passed over."""
    old = make(tmp_path / "old", USERS, ROWS)
    new = tmp_path / "new"
    shutil.copy(old, new)
    make(new, "UPDATE users SET name = CAST(x'ff61' AS TEXT)")
    assert brief(compare(old, new)) == [("unattributable", "main.users", 1)]


def test_comparison_ends_with_its_time(guest: ModuleType, tmp_path: Path) -> None:
    """Whatever the file makes SQLite do, it stops, and says so."""
    table = "CREATE TABLE t(k INTEGER PRIMARY KEY, v)"
    there = make(tmp_path / "there", table, f"INSERT INTO t {counted(5000, 1)}")
    told = guest.answer(str(there), str(tmp_path / "none"), time.monotonic() - 1)
    assert told == {"fault": "comparing its rows took too long"}


VALUES = st.none() | st.integers(-2, 2) | st.sampled_from([1.0, -0.0, 0.5, "a", "A", "é", b"a", ""])
STATES = st.dictionaries(st.sampled_from([0, 1, "a", "A", b"a", 1.5]), VALUES, max_size=6)


def exact(value: object) -> tuple[str, str]:
    """Return what tells values apart: their type and their text."""
    return type(value).__name__, repr(value)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=STATES, after=STATES)
def test_counts_are_those_of_plain_python(
    compare: Compare, tmp_path: Path, before: dict[object, object], after: dict[object, object]
) -> None:
    """Over random rows of every type the counts of inserts, updates, deletes are exact."""
    paths = []
    for name, rows in (("old", before), ("new", after)):
        path = tmp_path / name
        path.unlink(missing_ok=True)
        database = apsw.Connection(str(path))
        database.execute("PRAGMA synchronous=OFF; CREATE TABLE t(v, k PRIMARY KEY)")
        database.executemany("INSERT INTO t VALUES (?, ?)", [(rows[key], key) for key in rows])
        database.close()
        paths.append(path)
    both = before.keys() & after.keys()
    expected = {
        "insert": len(after.keys() - both),
        "update": sum(exact(before[key]) != exact(after[key]) for key in both),
        "delete": len(before.keys() - both),
    }
    told = {str(kind): count for kind, _, count in brief(compare(*paths))}
    assert told == {kind: count for kind, count in expected.items() if count}
