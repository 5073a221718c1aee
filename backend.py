"""Let ``backend.…`` resolve from the repository root as it does from the deployed source root."""

from pathlib import Path

__path__ = [str(Path(__file__).parent / "functions/backend")]
if __spec__ is not None:
    __spec__.submodule_search_locations = __path__
