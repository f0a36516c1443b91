"""The audit log as it is kept: appended to in anybody's transaction, signed, published."""
