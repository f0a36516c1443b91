"""A folder here that a workspace is pushed from and pulled into.

What is on either side is hostile to the other: a snapshot may hold what an agent wrote, and links
in the folder may lead anywhere. Nothing here follows a link below the folder's own path, and no
local change is overwritten unless it was asked for.
"""
