"""The runc engine: OCI bundles run by an OCI runtime binary, with no daemon."""

from assize_sandbox.engines.runc.engine import RuncEngine

__all__ = ["RuncEngine"]
