"""TLS for a listener."""

from pathlib import Path

import grpc
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from assize_sandbox.errors import SandboxError


class TlsUnusable(SandboxError):
    """The certificate or its key cannot be used."""


def server_credentials(
    certificate: Path, key: Path, client_authorities: Path | None = None
) -> grpc.ServerCredentials:
    """Return what a listener needs to speak TLS. With `client_authorities`, it asks clients, too.

    Raises:
        TlsUnusable: A file cannot be read, is not PEM, or certificate and key do not belong
            together. gRPC itself would fail at the first handshake, in silence.
    """
    try:
        chain, private = certificate.read_bytes(), key.read_bytes()
        roots = client_authorities.read_bytes() if client_authorities else None
        public = load_pem_private_key(private, None).public_key()
        if load_pem_x509_certificates(chain)[0].public_key() != public:
            raise _unusable(f"{certificate} does not belong to {key}")
        if roots is not None:
            load_pem_x509_certificates(roots)
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(str(error)) from error
    return grpc.ssl_server_credentials(
        [(private, chain)], root_certificates=roots, require_client_auth=roots is not None
    )


def _unusable(problem: str) -> TlsUnusable:
    return TlsUnusable(
        f"TLS cannot be used: {problem}",
        remedy="give a PEM certificate chain and its unencrypted PEM key",
    )
