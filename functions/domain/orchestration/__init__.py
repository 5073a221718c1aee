"""The decisions of a cycle."""
