"""The codec: host and guest agree, and no bytes get more out of the host than a CodecError."""

import importlib.util
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assize_sandbox
from assize.values import tree
from assize.values.keys import check_keys
from assize.values.tree import (
    DataclassValue,
    DictValue,
    EnumValue,
    FrozenSetValue,
    ListValue,
    SetValue,
    SliceValue,
    TupleValue,
    Value,
)
from assize_sandbox.codec import CodecError, DecodeLimits, decode, encode, encode_call
from assize_sandbox.frames import PAYLOAD_MOST


def load_guest(name: str) -> ModuleType:
    """Return a guest's module, from its file: the host never imports the guest's package."""
    path = Path(assize_sandbox.__file__).parent / "guest" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"guest_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


guest = load_guest("values")
instances = load_guest("instances")

offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23))
zones: st.SearchStrategy[tzinfo] = st.one_of(st.just(UTC), offsets.map(timezone))
any_text = st.text(st.characters(categories=None), max_size=8)
small_ints = st.integers(-(2**80), 2**80)
hashable_leaves: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    small_ints,
    st.floats(),
    st.complex_numbers(),
    any_text,
    st.binary(max_size=8),
    st.decimals().filter(lambda number: not number.is_snan()),
    st.fractions(),
    st.dates(),
    st.times(timezones=st.one_of(st.none(), zones)),
    st.datetimes(timezones=st.one_of(st.none(), zones)),
    st.timedeltas(),
    st.uuids(),
    any_text.map(Path),
    st.builds(range, small_ints, small_ints, small_ints.filter(bool)),
)


class Colour(Enum):
    """Members with all kinds of values."""

    RED = 1
    GREEN = ("a", 2.0)
    BLUE = RED


class Level(IntEnum):
    """Members that are ints."""

    LOW = 1


class Word(StrEnum):
    """Members that are texts."""

    HELLO = "hello"


@dataclass
class Point:
    """A dataclass as most are."""

    origin: ClassVar[int] = 0
    x: object = 0
    y: object = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Slotted:
    """A dataclass whose fields are slots."""

    inner: object


@dataclass
class Deeper(Point):
    """A dataclass with inherited fields."""

    z: object = 0


ends = st.one_of(st.none(), small_ints)
leaves = hashable_leaves | st.builds(slice, ends, ends, ends)
hashables = st.recursive(
    hashable_leaves,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
plain = st.recursive(
    leaves | hashables,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(hashables, inner, max_size=4)
        | st.sets(hashables, max_size=4)
    ),
    max_leaves=12,
)


members = st.sampled_from([*Colour, *Level, *Word])
answers = st.recursive(
    plain | members | st.sets(members | hashables.map(Slotted), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(members | hashables.map(Slotted), inner, max_size=3)
        | st.builds(Point, inner, inner)
        | st.builds(Slotted, inner)
        | st.builds(Deeper, inner, inner, inner)
    ),
    max_leaves=6,
)


def encoded_answer(value: object) -> bytes:
    """Return what the guest writes when a function answered this."""
    data: bytes = guest.encode(value, parts=instances.Instances().parts)
    return data


class SubInt(int):
    """What a candidate might return in place of an int."""


class Zone(tzinfo):
    """A time zone whose methods the candidate wrote."""

    def utcoffset(self, when: datetime | None, /) -> timedelta | None:
        """Fail the test: nobody may ask."""
        raise AssertionError(when)

    dst = utcoffset

    def tzname(self, when: datetime | None, /) -> str | None:
        """Fail the test: nobody may ask."""
        raise AssertionError(when)


def short_id(value: object) -> str:
    """Return a name for a parameter, which may be too large to be written out."""
    return value if isinstance(value, str) and len(value) < 40 else type(value).__name__


@given(plain)
def test_any_plain_object_comes_back_from_host_and_guest_byte_for_byte(value: object) -> None:
    """Guest to host to guest to host: the same bytes at each step, so nothing is lost."""
    data: bytes = guest.encode(value)
    assert encode(decode(data)) == data
    again = guest.decode(data)
    assert type(again) is type(value)
    assert sorted(guest.encode(again)) == sorted(data)


@given(answers)
def test_answer_with_instances_reaches_the_host_byte_for_byte(value: object) -> None:
    """What the guest writes of enums and dataclasses has one meaning and one encoding."""
    data = encoded_answer(value)
    assert encode(decode(data)) == data


def test_instances_are_what_their_class_and_names_say() -> None:
    """In the order of the fields, inherited ones first; aliases are their member."""
    deeper, red = decode(encoded_answer([Deeper(1, 2, Slotted(3)), Colour.BLUE])).items  # type: ignore[union-attr]
    assert isinstance(deeper, DataclassValue)
    assert deeper.path == f"{__name__}:Deeper"
    assert [name for name, _ in deeper.fields] == ["x", "y", "z"]
    inner = deeper.fields[2][1]
    assert isinstance(inner, DataclassValue)
    assert (inner.path, inner.fields) == (f"{__name__}:Slotted", (("inner", 3),))
    assert isinstance(red, EnumValue)
    assert (red.path, red.name, red.value) == (f"{__name__}:Colour", "RED", 1)


@pytest.mark.parametrize("value", [Colour.RED, Point(1, 2), [Slotted(1)]], ids=short_id)
def test_instances_stay_handles_where_handles_cross(value: object) -> None:
    """In split tests they are the candidate's objects, and without either they are refused."""
    kept: list[object] = []

    def keep(thing: object) -> tuple[int, str, str]:
        kept.append(thing)
        return 1, "solution:Thing", ""

    guest.encode(value, keep)
    assert kept == (value if isinstance(value, list) else [value])
    with pytest.raises(guest.Refused, match="is not plain"):
        guest.encode(value)


def odd_instances() -> dict[str, object]:
    """Return what looks like an instance and is not to be taken for one."""

    class Inherits(Point):
        pass

    @dataclass
    class Listed(list[int]):
        x: int = 0

    class Own(type(Colour)):  # type: ignore[misc]
        pass

    class Odd(Enum, metaclass=Own):
        A = 1

    class Hides:
        __dataclass_fields__: ClassVar[dict[str, Any]] = {"x": 1}

    class Bits(Flag):
        A = 1

    def fails(_: object) -> Any:
        raise AssertionError("called")

    hidden: Any = type("Hidden", (), {"__dict__": property(fails), "__annotations__": {"x": int}})
    name = "a" * 1001
    lacking, unset, endless = Point(), object.__new__(Slotted), Point()
    del lacking.x
    endless.x = endless
    return {
        "no names": object.__new__(Colour),
        "inherits": Inherits(),
        "a list": Listed(),
        "metaclass": Odd.A,
        "hides": Hides(),
        "property": object.__new__(dataclass(hidden)),
        "no name": Bits(0),
        "lacks a field": lacking,
        "unset slot": unset,
        "a class": Point,
        "a long name": getattr(Enum("Long", {name: 1}), name),
        "endless": endless,
    }


@pytest.mark.parametrize("name", list(odd_instances()))
def test_guest_refuses_odd_instances_without_calling_their_methods(name: str) -> None:
    """What is not certainly data is no data."""
    with pytest.raises(guest.Refused):
        encoded_answer(odd_instances()[name])


def test_guest_calls_no_method_of_an_instances_class() -> None:
    """Neither of the class nor of its metaclass."""

    def fails(*_: object) -> Any:
        raise AssertionError("called")

    meta = type("Meta", (type,), {})
    kind: Any = dataclass(meta("Kind", (), {"__annotations__": {"x": int}}))
    value, colour = kind(1), Enum("Shade", {"DARK": 1}, module="solution")
    meta.__getattribute__ = meta.__hash__ = meta.__eq__ = fails  # type: ignore[method-assign]
    kind_set = type.__setattr__
    for name in ("__getattribute__", "__eq__", "__hash__", "__repr__", "__getstate__"):
        kind_set(kind, name, fails)
        kind_set(colour, name, fails)
    dark = type.__getattribute__(colour, "_member_map_")["DARK"]
    answered = decode(encoded_answer([value, dark]))
    assert isinstance(answered, ListValue)
    assert [type(each) for each in answered.items] == [DataclassValue, EnumValue]


@pytest.mark.parametrize(
    "value", [EnumValue("a:B", "C", 1), ListValue((DataclassValue("a:B", ()),))], ids=short_id
)
def test_instances_are_never_passed_to_a_call(value: Value) -> None:
    """They are answers only, and the guest knows no such bytes either."""
    with pytest.raises(CodecError, match="is an answer only"):
        encode_call((value,), ())
    with pytest.raises(ValueError, match="the host and the guest differ"):
        guest.decode(encode(value))


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, b"N"),
        (True, b"T"),
        (False, b"F"),
        (0, b"i\0\0\0\0"),
        (-256, b"j\0\0\0\2\1\0"),
        (-0.0, b"f\x80" + bytes(7)),
        (math.nan, b"f\x7f\xf8" + bytes(6)),
        ("\ud800", b"s\0\0\0\3\xed\xa0\x80"),
        (Decimal("1.50"), b"D\0\0\0\0041.50"),
        (PurePosixPath("a/b"), b"P\0\0\0\3a/b"),
        (ListValue((1,)), b"l\0\0\0\1i\0\0\0\1\1"),
        (SliceValue(None, 1, None), b"xNi\0\0\0\1\1N"),
        (DictValue((("a", None),)), b"d\0\0\0\1s\0\0\0\1aN"),
        (date(2024, 2, 29), b"a\x07\xe8\2\x1d"),
        (EnumValue("a:B", "C", None), b"m\0\0\0\3a:B\0\0\0\1CN"),
        (
            DataclassValue("a:B", (("x", True),)),
            b"k\0\0\0\3a:B\0\0\0\1\0\0\0\1xT",
        ),
    ],
)
def test_value_has_its_bytes(value: Value, data: bytes) -> None:
    """The encoding does not drift: an older guest must understand a newer host."""
    assert encode(value) == data
    assert encode(decode(data)) == data


def test_call_arrives_as_arguments_and_keywords() -> None:
    """The guest gets what the host was told to pass, of the same types."""
    arguments: tuple[Value, ...] = (1, ListValue((True, 2.0)), SetValue(("a",)))
    keywords: tuple[tuple[str, Value], ...] = (
        ("when", datetime(2024, 1, 1, tzinfo=UTC)),
        ("path", PurePosixPath("a/b")),
        ("share", Fraction(1, 3)),
        ("span", SliceValue(1, None, 2)),
        ("id", UUID(int=7)),
    )
    args, kwargs = guest.decode_call(encode_call(arguments, keywords))
    assert args == (1, [True, 2.0], {"a"})
    assert [type(item) for item in args[1]] == [bool, float]
    assert kwargs == {
        "when": datetime(2024, 1, 1, tzinfo=UTC),
        "path": Path("a/b"),
        "share": Fraction(1, 3),
        "span": slice(1, None, 2),
        "id": UUID(int=7),
    }
    assert type(kwargs["path"]) is type(Path())


def test_guest_and_host_have_the_same_limits() -> None:
    """The guest cannot import the host's constants, so they are compared here."""
    assert guest.MOST_BYTES == PAYLOAD_MOST
    for name in (
        "DEPTH",
        "NODES",
        "INT_BITS",
        "PART_BITS",
        "DECIMAL_CHARACTERS",
        "NAME_CHARACTERS",
    ):
        assert getattr(guest, f"MOST_{name}") == getattr(tree, f"MOST_{name}")


def nested(depth: int) -> list[object]:
    """Return a list in `depth - 1` lists."""
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def loop() -> list[object]:
    """Return a list that holds itself."""
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (SubInt(1), "SubInt is not plain"),
        ([{"a": SubInt(1)}], "SubInt is not plain"),
        (object(), "object is not plain"),
        (bytearray(b"a"), "bytearray is not plain"),
        (PurePosixPath("a"), "PurePosixPath is not plain"),
        (slice("a", None), "str where an int belongs"),
        (datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC")), "time zone of type ZoneInfo"),
        (time(1, tzinfo=Zone()), "time zone of type Zone"),
        (loop(), "holds itself"),
        (nested(tree.MOST_DEPTH + 2), "containers deep"),
        ([None] * tree.MOST_NODES, "values in all"),
        ("a" * (PAYLOAD_MOST + 1), "bytes in all"),
        ([b"a" * 1024 * 1024] * 5, "bytes in all"),
        (1 << tree.MOST_INT_BITS, "bits, over"),
        (Fraction(1, 1 << tree.MOST_PART_BITS), "bits, over"),
        (Decimal("1" * (tree.MOST_DECIMAL_CHARACTERS + 1)), "characters, over"),
    ],
    ids=short_id,
)
def test_guest_refuses_what_is_not_plain_or_over_a_limit(value: object, reason: str) -> None:
    """A refusal says why, so that the agent can repair its answer."""
    with pytest.raises(guest.Refused, match=reason):
        guest.encode(value)


def test_guest_takes_what_the_limits_just_allow() -> None:
    """The guest refuses nothing that the host would take."""
    for value in (
        nested(tree.MOST_DEPTH + 1),
        [None] * (tree.MOST_NODES - 1),
        (1 << tree.MOST_INT_BITS) - 1,
        Decimal("1" * tree.MOST_DECIMAL_CHARACTERS),
    ):
        data = guest.encode(value)
        assert encode(decode(data)) == data


def test_guest_never_calls_a_method_of_a_candidates_class() -> None:
    """Encoding is decided by exact types alone; a class cannot pass itself off as another."""

    class Meta(type):
        def __getattribute__(cls, name: str) -> object:
            raise AssertionError(name)

    class Liar(metaclass=Meta):
        def __getattribute__(self, name: str) -> object:
            raise AssertionError(name)

    with pytest.raises(guest.Refused, match="Liar is not plain"):
        guest.encode([Liar()])


def assert_decodes_or_refuses(data: bytes) -> None:
    """Decode; if that works, the bytes are the one encoding of what came of it."""
    try:
        value = decode(data)
    except CodecError:
        return
    assert encode(value) == data


@given(st.data(), answers)
def test_mutated_bytes_decode_or_raise_codec_error(data: st.DataObject, value: object) -> None:
    """Nothing but CodecError gets out, and no value has a second encoding."""
    good = encoded_answer(value)
    at = data.draw(st.integers(0, len(good)))
    cut = data.draw(st.integers(at, len(good)))
    put = data.draw(st.binary(max_size=6) | st.sampled_from(b"NTFijfcsbltSzdDPqrxuaeopmk").map(
        lambda tag: bytes((tag,))
    ))  # fmt: skip
    assert_decodes_or_refuses(good[:at] + put + good[cut:])


@given(st.binary(max_size=64))
def test_arbitrary_bytes_decode_or_raise_codec_error(data: bytes) -> None:
    """Nothing but CodecError gets out of bytes that nobody encoded."""
    assert_decodes_or_refuses(data)


@given(answers)
def test_truncated_or_longer_bytes_raise_codec_error(value: object) -> None:
    """An encoding says where it ends."""
    data = encoded_answer(value)
    for wrong in (data[:-1], data + b"N"):
        with pytest.raises(CodecError):
            decode(wrong)


def count(number: int) -> bytes:
    """Return a count as it is encoded."""
    return struct.pack(">I", number)


ONE = b"i\0\0\0\1\1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"?",
        b"l" * 100_000,
        (b"l" + count(1)) * 100_000 + b"N",
        b"l" + count(2**32 - 1),
        b"s" + count(2**32 - 1) + b"a",
        b"d" + count(2**32 - 1) + b"NN",
        b"i" + count(2) + b"\0\1",
        b"j" + count(0),
        b"i" + count(tree.MOST_INT_BITS // 8 + 1) + b"\1" * (tree.MOST_INT_BITS // 8 + 1),
        b"f\x7f\xf8" + bytes(5) + b"\1",
        b"s" + count(1) + b"\xff",
        b"D" + count(2) + b"01",
        b"D" + count(4) + b"1e99",
        b"D" + count(24) + b"1E+999999999999999999999",
        b"D" + count(5000) + b"1" * 5000,
        b"P" + count(3) + b"a//",
        b"q" + ONE + b"i" + count(0),
        b"q" + b"i\0\0\0\1\2" * 2,
        b"q" + b"N" + ONE,
        b"r" + ONE + ONE + b"i" + count(0),
        b"r" + (b"i" + count(2048) + b"\1" * 2048) * 3,
        b"a" + struct.pack(">HBB", 2024, 2, 30),
        b"e" + struct.pack(">iII", 2**31 - 1, 0, 0),
        b"e" + struct.pack(">iII", 0, 86_400, 0),
        b"o" + struct.pack(">BBBIBB", 24, 0, 0, 0, 0, 0),
        b"o" + struct.pack(">BBBIBBq", 1, 0, 0, 0, 0, 1, 86_400 * 10**6),
        b"o" + struct.pack(">BBBIBBq", 1, 0, 0, 0, 0, 1, 2**63 - 1),
        b"S" + count(2) + ONE * 2,
        b"S" + count(2) + ONE + b"T",
        b"S" + count(2) + b"f" + bytes(8) + b"f\x80" + bytes(7),
        b"S" + count(1) + b"l" + count(0),
        b"S" + count(1) + b"t" + count(1) + b"xNNN",
        b"z" + count(1) + b"z" + count(2) + ONE * 2,
        b"d" + count(2) + ONE + b"N" + ONE + b"N",
        b"d" + count(1) + b"D" + count(4) + b"sNaN" + b"N",
        b"m" + count(1) + b"a" + count(1) + b"CN",
        b"m" + count(3) + b"a:\xff" + count(1) + b"CN",
        b"m" + count(3) + b"a:B" + count(1001) + b"C" * 1001 + b"N",
        (b"m" + count(3) + b"a:B" + count(1) + b"C") * 100_000 + b"N",
        b"S" + count(2) + (b"m" + count(3) + b"a:B" + count(1) + b"CN") * 2,
        b"S" + count(1) + b"k" + count(3) + b"a:B" + count(1) + count(1) + b"xl" + count(0),
        b"k" + count(3) + b"a:B" + count(2**32 - 1),
        b"k" + count(3) + b"a:B" + count(2) + (count(1) + b"xN") * 2,
        b"k" + count(3) + b"a:B" + count(1) + count(2) + b"ifN",
        b"k" + count(3) + b"a:B" + count(1) + count(2) + b"x=N",
        b"k" + count(3) + b"a:B" + count(1) + count(3) + "ﬁ".encode() + b"N",
    ],
)
def test_hostile_bytes_raise_codec_error(data: bytes) -> None:
    """Each is refused for what it is, whatever it announces."""
    with pytest.raises(CodecError):
        decode(data)


@pytest.mark.parametrize(
    "limits",
    [
        DecodeLimits(total_bytes=10),
        DecodeLimits(nodes=3),
        DecodeLimits(depth=1),
        DecodeLimits(int_bits=8),
    ],
)
def test_value_over_a_limit_raises_codec_error(limits: DecodeLimits) -> None:
    """Each limit is one that decode keeps."""
    data = encode(ListValue((TupleValue((256,)), None)))
    assert encode(decode(data)) == data
    with pytest.raises(CodecError):
        decode(data, limits)


def test_megabyte_of_colliding_ints_is_decoded() -> None:
    """Ints that all have one hash cost what others cost: they are never hashed.

    A real set of them would take quadratic time.
    """
    modulus = 2**61 - 1
    numbers = b"".join(encode(modulus * step) for step in range(1, 70_001))
    value = decode(b"S" + count(70_000) + numbers)
    assert isinstance(value, SetValue)
    assert len({hash(number) for number in value.items[:100]}) == 1


def test_nested_frozensets_are_checked_once_for_all_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To check each level by itself would take quadratic time in the depth."""
    calls: list[int] = []

    def counting(keys: tuple[Value, ...]) -> None:
        calls.append(len(keys))
        check_keys(keys)

    monkeypatch.setattr("assize_sandbox.codec.reader.check_keys", counting)
    value: Value = FrozenSetValue(())
    for _ in range(tree.MOST_DEPTH):
        value = FrozenSetValue((value,))
    decode(encode(value))
    assert calls == [1]


@pytest.mark.parametrize(
    "build",
    [
        lambda: ListValue((None,) * tree.MOST_NODES),
        lambda: "a" * (PAYLOAD_MOST + 1),
        lambda: ListValue((b"a" * 1024 * 1024,) * 5),
        lambda: 1 << tree.MOST_INT_BITS,
        lambda: range(1 << tree.MOST_PART_BITS),
        lambda: Decimal("1" * (tree.MOST_DECIMAL_CHARACTERS + 1)),
    ],
)
def test_host_refuses_to_encode_what_it_would_not_decode(build: Callable[[], Value]) -> None:
    """The limits hold in both directions."""
    with pytest.raises(CodecError):
        encode(build())
