"""
The release that this is, or comes after.

Not in the package's ``__init__``, which is not deployed. pyproject.toml repeats it, and the API's document states it.
"""

VERSION = "0.2.0"
