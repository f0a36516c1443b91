"""The audit log as whoever reads it sees it: entries, checkpoints, verification, export.

Nothing here believes the service: what `verification` says follows from the entries, the
checkpoints that were remembered elsewhere, and public keys that were pinned. It needs
`assize[approver]`.
"""
