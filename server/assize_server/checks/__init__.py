"""Judges what came out of the sandbox. Runs outside it, on data that is hostile throughout."""
