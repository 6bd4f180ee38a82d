"""Which font shows a text, and what of it no font shows: nothing that was signed may vanish from a page."""

import unicodedata
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSans-Bold.ttf"
EAST_ASIAN = FONTS / "DroidSansFallback.ttf"
"""For what DejaVu lacks: Chinese, Japanese, Korean. It takes half a second to load, so only where it is needed."""

_FIRST_TO_BE_SHAPED = 0x0300
"""From here on, letters join, stack or run from right to left; below, one character is one glyph."""
_JOINERS = {"\u200c", "\u200d"}  # they steer how letters join


@cache
def characters_of(font: Path) -> frozenset[int]:
    """The code points that a font has a glyph for."""
    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


def printable(text: str) -> str:
    """The text with every character that would not be seen, or is in no font, as its code point: [U+202E].

    Marks that turn the direction of what follows are among them: a sentence could say something else on paper.
    """
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join("".join(map(_shown, line)) for line in lines)


def needs_east_asian_font(text: str) -> bool:
    """Whether DejaVu lacks a character of a printable text."""
    return not characters_of(REGULAR).issuperset(map(ord, text.replace("\n", "")))


def needs_shaping(text: str) -> bool:
    """Whether glyphs depend on their neighbours, or on the direction."""
    return any(ord(character) >= _FIRST_TO_BE_SHAPED for character in text)


def runs_from_the_right(text: str) -> bool:
    """Whether a paragraph's first letter is of a right-to-left script (Unicode bidirectional algorithm, P2 and P3)."""
    directions = map(unicodedata.bidirectional, text)
    return next((found in {"R", "AL"} for found in directions if found in {"L", "R", "AL"}), False)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    is_hidden = category.startswith("C") and character not in _JOINERS  # control, format, surrogate, private, none
    if not is_hidden and _has_glyph(ord(character)):
        return character
    return f"[U+{ord(character):04X}]"


def _has_glyph(code_point: int) -> bool:
    return code_point in characters_of(REGULAR) or code_point in characters_of(EAST_ASIAN)
