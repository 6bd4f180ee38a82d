"""Where two settings differ, in words: why a run or an experiment cannot go on."""

LONGEST = 40  # characters of a value


def differences(was: object, now: object, where: str = "") -> list[str]:
    """Each place where two values differ, such as `recipe.training.epochs was 3, is now 4`.

    Args:
        was: dicts and lists of plain values, as `model_dump(mode="json")` gives them.
        now: likewise.
        where: what the two are called.
    """
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            line
            for name in dict.fromkeys([*was, *now])
            for line in differences(was.get(name), now.get(name), f"{where}.{name}" if where else str(name))
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        pairs = enumerate(zip(was, now, strict=True), start=1)
        return [line for number, pair in pairs for line in differences(*pair, f"{where}[{number}]")]
    return [] if was == now else [f"{where} was {_short(was)}, is now {_short(now)}"]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
