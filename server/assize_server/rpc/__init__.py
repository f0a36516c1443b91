"""The gRPC face of the service. Nothing below this package knows gRPC."""
