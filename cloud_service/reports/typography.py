"""Makes texts fit to be printed: nothing that was signed may vanish from a page, or run over its edge."""

import re
import unicodedata
from functools import cache

from fontTools.ttLib import TTFont

from cloud_service.reports.files import FONTS

_JOINERS = {"\u200c", "\u200d"}  # they steer how letters join
_BREAK = "\u200b"  # a place where a line may end, which takes no room
_CODE_POINT = re.compile(r"\[U\+[0-9A-F]{4,6}\]")
_LONG_WORD = re.compile(r"\S{25}(?=\S)")


def printable(text: str) -> str:
    """The text with every character that would not be seen, or is in no font, as its code point, such as [U+202E].

    Marks that turn the direction of what follows are among them: a sentence could say something else on paper. Long
    words may be broken.
    """
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    shown = ("".join(map(_shown, line)) for line in lines)
    return "\n".join(_LONG_WORD.sub(lambda found: f"{found[0]}{_BREAK}", line) for line in shown)


def has_code_points(shown: str) -> bool:
    """Whether what `printable` gave names a code point in the place of a character; a line may break within it."""
    return _CODE_POINT.search(shown.replace(_BREAK, "")) is not None


def runs_from_the_right(text: str) -> bool:
    """Whether a paragraph's first letter is of a right-to-left script (Unicode bidirectional algorithm, P2 and P3)."""
    directions = map(unicodedata.bidirectional, text)
    return next((found in {"R", "AL"} for found in directions if found in {"L", "R", "AL"}), False)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    is_hidden = category.startswith("C") and character not in _JOINERS  # control, format, surrogate, private, none
    if not is_hidden and (category.startswith("Z") or ord(character) in _characters()):
        return character
    return f"[U+{ord(character):04X}]"


@cache
def _characters() -> frozenset[int]:
    """The code points that one of the fonts has a glyph for."""
    found: set[int] = set()
    for path in FONTS.glob("*.ttf"):
        with TTFont(path, lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)
