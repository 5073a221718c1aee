"""Make ``functions.…`` importable if this folder is itself the source root (deployed, or copied under another name)."""

from pathlib import Path

__path__ = [str(Path(__file__).parent)]
if __spec__ is not None:
    __spec__.submodule_search_locations = __path__  # importlib.resources reads this one
