"""The vocabulary that client and service share: plain records, no protobuf, no I/O."""
