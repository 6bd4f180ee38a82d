"""How numbers of things stand in a sentence."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """So many of something, such as "1 image" and "2,000 images".

    Args:
        number: 0 or more.
        one: what one of them is called, and what it does where a verb follows ("group is").
        many: the same for several, and for none; `one` with an s where that is it.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
