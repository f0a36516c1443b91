"""Approving from outside: digests, keys, signed tokens, and the client of `ApprovalService`.

It needs `assize[approver]`. Nothing here believes a digest that it was told.
"""
