"""The command line: a client of the service, to which the service adds commands of its own."""
