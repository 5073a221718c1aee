"""Maestro: the orchestration layer above a trader's automated strategies."""

__version__ = "0.1.0"
"""The release this is, or comes after; pyproject.toml repeats it, and the API's document says it."""
