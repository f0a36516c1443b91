"""`assize attest` against services that lie and statements about more than they seem to be."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner, Result

from assize.attest import SPEC, SUBMISSION, file_digest, signed_statement
from assize.cli.exit_codes import ExitStatus
from assize.cli.main import app
from assize.public_keys import PublicKey
from assize.v1 import attestation_pb2, attestation_pb2_grpc

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)


def public(key: Ed25519PrivateKey) -> PublicKey:
    """Return the half of a key that is pinned."""
    return PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


TRUE = public(PRIVATE)
FALSE = public(Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))


@dataclass
class Liar(attestation_pb2_grpc.AttestationServiceServicer):
    """Tells one key, under whatever id and in whatever text."""

    id: str
    pem: str

    def ListKeys(  # noqa: N802 - the name is the API's
        self, _request: attestation_pb2.ListKeysRequest, _context: Any
    ) -> attestation_pb2.ListKeysResponse:
        """Answer with that key."""
        return attestation_pb2.ListKeysResponse(
            keys=[attestation_pb2.ServiceKey(id=self.id, pem=self.pem, since_ms=1)], origin="o"
        )

    def GetAttestation(  # noqa: N802
        self, request: attestation_pb2.GetAttestationRequest, _context: Any
    ) -> attestation_pb2.GetAttestationResponse:
        """Answer with the id that was asked for, as it is."""
        return attestation_pb2.GetAttestationResponse(envelope=request.verification_id.encode())


@contextmanager
def telling(folder: Path, liar: Liar) -> Iterator[str]:
    """Serve it at a socket."""
    server = grpc.server(ThreadPoolExecutor(1))
    attestation_pb2_grpc.add_AttestationServiceServicer_to_server(liar, server)
    address = f"unix://{folder}/liar.sock"
    server.add_insecure_port(address)
    server.start()
    try:
        yield address
    finally:
        server.stop(0).wait()


def run(*words: object) -> Result:
    """Run `assize attest`."""
    return CliRunner().invoke(app, ["attest", *map(str, words)])


def test_key_is_printed_below_its_own_id(tmp_path: Path) -> None:
    """The id is computed from what is printed."""
    with telling(tmp_path, Liar(TRUE.id, TRUE.pem())) as address:
        result = run("key", "--server", address)
    assert (result.exit_code, result.stdout) == (0, TRUE.pem())
    assert TRUE.id in result.stderr


@pytest.mark.parametrize(
    "pem",
    [FALSE.pem(), TRUE.pem() + FALSE.pem(), "no key at all", ""],
    ids=["another", "two", "none", "empty"],
)
def test_key_under_the_id_of_another_is_not_printed(tmp_path: Path, pem: str) -> None:
    """People compare ids: a key that is printed below the id of another would be pinned."""
    with telling(tmp_path, Liar(TRUE.id, pem)) as address:
        result = run("key", "--server", address)
    assert result.exit_code == ExitStatus.UNKNOWN
    assert result.stdout == ""


def test_statement_that_is_printed_steers_no_terminal(tmp_path: Path) -> None:
    """What is sound is one line of visible ASCII; nothing else is shown as it is."""
    with telling(tmp_path, Liar(TRUE.id, TRUE.pem())) as address:
        result = run("get", 'a\x1b[2Jb\nSIGNED: PASSED "c"', "--server", address)
    assert result.stdout == 'a\\x1b[2Jb\\nSIGNED: PASSED "c"\n'


def statement(folder: Path, sources: dict[str, bytes]) -> tuple[Path, Path]:
    """Write the statement of a pass about these files, and the key; return both files."""
    subjects = {SUBMISSION: "a" * 64, SPEC: "b" * 64}
    subjects |= {f"source/{path}": file_digest(content) for path, content in sources.items()}
    predicate = {"status": "PASSED", "verification_id": "v1"}
    envelope = signed_statement(subjects, predicate, TRUE, PRIVATE.sign)
    (folder / "verdict.dsse.json").write_bytes(envelope)
    (folder / "service.pub").write_text(TRUE.pem())
    return folder / "verdict.dsse.json", folder / "service.pub"


REVIEWED, SWAPPED = b"print('reviewed')\n", b"print('swapped')\n"


@pytest.mark.parametrize(
    ("judged", "status"),
    [
        ({"solution.py": REVIEWED}, ExitStatus.PASSED),
        ({"lib/solution.py": REVIEWED}, ExitStatus.PASSED),
        ({"solution.py": REVIEWED, "lib/solution.py": SWAPPED}, ExitStatus.PASSED),
        ({"solution.py": SWAPPED}, ExitStatus.FAILED),
        ({"solution.py": SWAPPED, "lib/solution.py": REVIEWED}, ExitStatus.FAILED),
        ({"a/solution.py": SWAPPED, "b/solution.py": REVIEWED}, ExitStatus.FAILED),
        ({"solution.py": SWAPPED, "code/solution.py": REVIEWED}, ExitStatus.FAILED),
        ({"resolution.py": REVIEWED}, ExitStatus.FAILED),
    ],
)
def test_copy_in_another_folder_vouches_for_no_file(
    tmp_path: Path, judged: dict[str, bytes], status: ExitStatus
) -> None:
    """A submission that carries the reviewed file beside the one that ran is not about it."""
    (tmp_path / "code").mkdir()
    mine = tmp_path / "code" / "solution.py"
    mine.write_bytes(REVIEWED)
    envelope, key = statement(tmp_path, judged)
    result = run("verify", envelope, "--key", key, "--source", mine, "--passed")
    assert result.exit_code == status
