"""Maestro at work on real prices."""
