"""Numbers of things, in sentences."""


def counted(number: int, noun: str) -> str:
    """
    Return a number of things.

    >>> counted(1, "fill"), counted(0, "BUY signal")
    ('1 fill', '0 BUY signals')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
