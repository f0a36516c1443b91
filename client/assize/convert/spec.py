"""Specs: `assize.model.spec` and `assize.v1.spec_pb2`."""

from typing import assert_never

from assize.convert.cases import function_from_proto, function_to_proto
from assize.convert.faults import Faults, refusing_values
from assize.convert.properties import (
    lifetime_from_proto,
    property_from_proto,
    property_to_proto,
)
from assize.errors import FieldViolation, InvalidFields
from assize.model import spec as model
from assize.v1 import spec_pb2

DEFAULT_WEIGHT = 1.0
POSITION_MOST_DIGITS = 9


def spec_to_proto(spec: model.Spec) -> spec_pb2.Spec:
    """Return the message of a spec.

    Raises:
        InvalidFields: A value does not fit its field, or a choice was made twice.
    """
    message = spec_pb2.Spec()
    for index, check in enumerate(spec.checks):
        with refusing_values(f"spec.checks[{index}]"):
            message.checks.append(_check_to_proto(check, f"spec.checks[{index}]"))
    return message


def spec_from_proto(message: spec_pb2.Spec) -> model.Spec:
    """Return the spec of a message; checks without a name are named after kind and position.

    Raises:
        InvalidFields: With every choice that is not made.
    """
    faults = Faults()
    spec = read_spec(message, faults)
    faults.check()
    return spec


def read_spec(message: spec_pb2.Spec, faults: Faults) -> model.Spec:
    """Return the spec of a message as far as it can be read, and note the faults."""
    checks = (
        _check_from_proto(check, index, f"spec.checks[{index}]", faults)
        for index, check in enumerate(message.checks)
    )
    return model.Spec(tuple(check for check in checks if check is not None))


def _check_to_proto(check: model.Check, field: str) -> spec_pb2.Check:
    if check.weight == 0:
        text = f"0 would be read as {DEFAULT_WEIGHT}; make the check optional, or leave it out"
        raise InvalidFields([FieldViolation(f"{field}.weight", text)])
    message = spec_pb2.Check(
        name=check.name, optional=not check.required, weight=float(check.weight)
    )
    match check.kind:
        case model.ExitCode(code):
            message.exit_code.code = code
            message.exit_code.SetInParent()
        case model.Stdout(stdout):
            message.stdout.CopyFrom(_text_to_proto(stdout))
        case model.Stderr(stderr):
            message.stderr.CopyFrom(_text_to_proto(stderr))
        case model.JsonSchema(schema, path):
            message.json_schema.CopyFrom(spec_pb2.JsonSchemaCheck(schema=schema, path=path or ""))
        case model.FileIs():
            message.file.CopyFrom(_file_to_proto(check.kind, field))
        case model.Function():
            message.function.CopyFrom(function_to_proto(check.kind, f"{field}.function"))
        case model.Script(files):
            parts = [spec_pb2.ScriptFile(path=path, content=content) for path, content in files]
            message.script.CopyFrom(spec_pb2.ScriptCheck(files=parts))
        case model.Tests():
            message.tests.CopyFrom(_tests_to_proto(check.kind))
        case model.Property():
            message.property.CopyFrom(property_to_proto(check.kind, f"{field}.property"))
        case _:
            assert_never(check.kind)
    return message


def _text_to_proto(text: model.TextExpectation) -> spec_pb2.TextCheck:
    match text:
        case model.Exact(exact):
            return spec_pb2.TextCheck(exact=exact)
        case model.Normalized(normalized):
            return spec_pb2.TextCheck(normalized=normalized)
        case model.Regex(pattern):
            return spec_pb2.TextCheck(regex=pattern)
        case model.Numeric(numbers, relative, absolute):
            numeric = spec_pb2.NumericText(text=numbers, relative=relative, absolute=absolute)
            return spec_pb2.TextCheck(numeric=numeric)
        case model.Contains(part):
            return spec_pb2.TextCheck(contains=part)
        case model.Empty():
            return spec_pb2.TextCheck(empty=True)
        case _:
            assert_never(text)


def _file_to_proto(file: model.FileIs, field: str) -> spec_pb2.FileCheck:
    chosen = [file.present is not None, file.sha256 is not None, file.text is not None]
    _at_most_one(sum(chosen), f"{field}.file", "present, sha256, text")
    message = spec_pb2.FileCheck(path=file.path)
    if file.present is not None:
        message.present = file.present
    if file.sha256 is not None:
        message.sha256 = file.sha256
    if file.text is not None:
        message.text.CopyFrom(_text_to_proto(file.text))
    return message


def _at_most_one(chosen: int, field: str, names: str) -> None:
    if chosen > 1:
        raise InvalidFields([FieldViolation(field, f"only one of {names} may be set")])


def _check_from_proto(
    message: spec_pb2.Check, index: int, field: str, faults: Faults
) -> model.Check | None:
    kind = _kind_from_proto(message, field, faults)
    if kind is None:
        return None
    return model.Check(
        name=message.name or f"{message.WhichOneof('kind')}-{index + 1}",
        kind=kind,
        required=not message.optional,
        weight=message.weight or DEFAULT_WEIGHT,
    )


def _kind_from_proto(message: spec_pb2.Check, field: str, faults: Faults) -> model.CheckKind | None:
    match message.WhichOneof("kind"):
        case "exit_code":
            return model.ExitCode(message.exit_code.code)
        case "stdout":
            text = _text_from_proto(message.stdout, f"{field}.stdout", faults)
            return model.Stdout(text) if text else None
        case "stderr":
            text = _text_from_proto(message.stderr, f"{field}.stderr", faults)
            return model.Stderr(text) if text else None
        case "json_schema":
            schema = message.json_schema
            return model.JsonSchema(schema.schema, schema.path or None)
        case "file":
            return _file_from_proto(message.file, f"{field}.file", faults)
        case "function":
            return function_from_proto(message.function, f"{field}.function", faults)
        case "script":
            return model.Script(tuple((file.path, file.content) for file in message.script.files))
        case "tests":
            return _tests_from_proto(message.tests, f"{field}.tests", faults)
        case "property":
            return property_from_proto(message.property, f"{field}.property", faults)
        case None:
            faults.add(field, f"needs one of {_choices(spec_pb2.Check, 'kind')}")
            return None
        case unread:
            assert_never(unread)


def _text_from_proto(
    message: spec_pb2.TextCheck, field: str, faults: Faults
) -> model.TextExpectation | None:
    match message.WhichOneof("kind"):
        case "exact":
            return model.Exact(message.exact)
        case "normalized":
            return model.Normalized(message.normalized)
        case "regex":
            return model.Regex(message.regex)
        case "numeric":
            numeric = message.numeric
            return model.Numeric(numeric.text, numeric.relative, numeric.absolute)
        case "contains":
            return model.Contains(message.contains)
        case "empty":
            if message.empty:
                return model.Empty()
            faults.add(f"{field}.empty", "must be true; use another kind to ask for text")
            return None
        case None:
            faults.add(field, f"needs one of {_choices(spec_pb2.TextCheck, 'kind')}")
            return None
        case unread:
            assert_never(unread)


def _file_from_proto(
    message: spec_pb2.FileCheck, field: str, faults: Faults
) -> model.FileIs | None:
    match message.WhichOneof("kind"):
        case "present":
            return model.FileIs(message.path, present=message.present)
        case "sha256":
            return model.FileIs(message.path, sha256=message.sha256)
        case "text":
            text = _text_from_proto(message.text, f"{field}.text", faults)
            return model.FileIs(message.path, text=text) if text else None
        case None:
            faults.add(field, f"needs one of {_choices(spec_pb2.FileCheck, 'kind')}")
            return None
        case unread:
            assert_never(unread)


def _tests_to_proto(tests: model.Tests) -> spec_pb2.TestsCheck:
    return spec_pb2.TestsCheck(
        files=[spec_pb2.ScriptFile(path=path, content=content) for path, content in tests.files],
        modules=tests.modules,
        lifetime=tests.lifetime.value,
        callbacks=tests.callbacks,
        copy_back=[
            spec_pb2.CopyBack(function=each.function, arguments=map(str, each.arguments))
            for each in tests.copy_back
        ],
        seed=tests.seed,
        shared=tests.shared,
    )


def _tests_from_proto(
    message: spec_pb2.TestsCheck, field: str, faults: Faults
) -> model.Tests | None:
    lifetime = lifetime_from_proto(message.lifetime, f"{field}.lifetime", faults)
    if lifetime is None:
        return None
    return model.Tests(
        files=tuple((file.path, file.content) for file in message.files),
        modules=tuple(message.modules),
        lifetime=lifetime,
        callbacks=message.callbacks,
        copy_back=tuple(
            model.CopyBack(each.function, tuple(map(_argument, each.arguments)))
            for each in message.copy_back
        ),
        seed=message.seed,
        shared=message.shared,
    )


def _argument(text: str) -> int | str:
    # What is longer is no position; it stays a text, which is no name either, and is refused later.
    is_position = text.isascii() and text.isdecimal() and len(text) <= POSITION_MOST_DIGITS
    return int(text) if is_position else text


def _choices(
    message: type[spec_pb2.Check | spec_pb2.TextCheck | spec_pb2.FileCheck],
    oneof: str,
) -> str:
    return ", ".join(field.name for field in message.DESCRIPTOR.oneofs_by_name[oneof].fields)
