"""Workspaces: who has which, what became of them, what they may hold, what is thrown away.

Contents are in the object store; here is what names them. The head of a workspace moves in one
place, `heads.move_head`.
"""
