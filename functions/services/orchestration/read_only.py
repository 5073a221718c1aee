"""Read-only copies of nested data that still pass as plain dicts and lists."""

from __future__ import annotations

import copy
from typing import Any, NoReturn


def read_only(value: Any) -> Any:
    """
    Return a copy of nested dicts and lists that refuses changes.

    Strategies share one copy, so one that sorts a history or adds a key in place fails alone, instead of changing what
    the others see. The copies are still dicts and lists, for code that uses ``isinstance`` or writes JSON; ``copy()``,
    ``deepcopy`` and slicing give plain, mutable ones. What is already read-only is passed through.
    """
    if type(value) in _READ_ONLY:
        return value
    if isinstance(value, dict):
        return ReadOnlyDict({key: read_only(item) for key, item in value.items()})
    if isinstance(value, list):
        is_flat = _UNCHANGEABLE.issuperset(map(type, value))  # checks a history in one step
        return ReadOnlyList(value if is_flat else [read_only(item) for item in value])
    return value


_UNCHANGEABLE = frozenset({bool, float, int, str, type(None)})


def _refuse(_self: object, *_args: Any, **_kwargs: Any) -> NoReturn:
    raise TypeError("inputs are read-only, as all strategies share them: change a copy.deepcopy() of them")


class ReadOnlyDict(dict[Any, Any]):
    """A dict that refuses changes."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return {key: copy.deepcopy(item, memo) for key, item in self.items()}

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (dict, (dict(self),))


class ReadOnlyList(list[Any]):
    """A list that refuses changes."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [copy.deepcopy(item, memo) for item in self]

    def __copy__(self) -> list[Any]:
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (list, (list(self),))


_READ_ONLY = frozenset({ReadOnlyDict, ReadOnlyList})
