"""The service's own commands of the `assize` CLI."""
