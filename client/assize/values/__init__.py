"""Plain values that cross the sandbox's boundary: the tree, its notation, when two are equal."""
