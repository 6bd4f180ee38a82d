"""A PDF whose every page says what it is, and the few forms in which a report sets its text."""

import io
from collections.abc import Sequence
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from cloud_service.reports.typography import (
    BOLD,
    EAST_ASIAN,
    REGULAR,
    needs_east_asian_font,
    needs_shaping,
    printable,
    runs_from_the_right,
)

_FAMILY = "body"
_MARGIN = 18.0  # mm, as all lengths here; sizes of type are in points
_FOOT = 24.0
_LEADING = 0.48  # mm a point
_GREY = 90
_RULE = 190
_KEY_WIDTH = 42.0


class Sheet(FPDF):
    """A4 pages with a heading and, at the foot, the notice, the digest and the page's number of all pages.

    Args:
        heading: what every page bears at its top, left and right.
        notice: research use only, in words.
        digest: SHA-256 of the content, in hexadecimal.
        made_at: when it was signed; the same content gives the same bytes.
    """

    def __init__(self, heading: tuple[str, str], notice: str, digest: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._heading, self._notice, self._digest = heading, notice, digest
        self._has_east_asian_font = False
        self.add_font(_FAMILY, "", REGULAR)
        self.add_font(_FAMILY, "B", BOLD)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_FOOT)
        self.set_creation_date(made_at)
        self.set_title(" · ".join(heading))
        self.set_lang("en")
        self.set_producer("Smearflow")
        self.add_page()

    def header(self) -> None:
        """See the class; called by fpdf2 at the beginning of each page."""
        left, right = map(printable, self._heading)
        self._style("", 8, grey=True)
        self.cell(0, 5, left)
        self.set_x(_MARGIN)
        self.cell(0, 5, right, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._rule()
        self.ln(4)

    def footer(self) -> None:
        """See the class; called by fpdf2 at the end of each page."""
        self.set_y(-_FOOT + 4)
        self._rule()
        self.ln(1.5)
        self._style("B", 8)
        self.cell(0, 4, printable(self._notice), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._style("", 6.5, grey=True)
        self.cell(0, 4, f"SHA-256 of the signed content: {self._digest}")
        self.set_x(_MARGIN)
        self.cell(0, 4, f"Page {self.page_no()} of {self.str_alias_nb_pages}", align=Align.R)

    def title_line(self, text: str) -> None:
        """The one sentence that the report is about."""
        self._text(text, "B", 17)
        self.ln(2)

    def section(self, title: str) -> None:
        """A heading, which is not left alone at the foot of a page."""
        if self.will_page_break(26):
            self.add_page()
        self.ln(4)
        self._text(title, "B", 11)
        self.ln(1)

    def paragraph(self, text: str, *, bold: bool = False, size: float = 9.5, indent: float = 0.0) -> None:
        """Running text, from the right where its script runs so."""
        self._text(text, "B" if bold else "", size, indent)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Names and values, one a line."""
        for name, value in facts:
            if self.will_page_break(8):
                self.add_page()
            top, page = self.get_y(), self.page
            self._style("", 9, grey=True)
            self.cell(_KEY_WIDTH, 9 * _LEADING + 0.6, name)
            if self.page == page:
                self.set_y(top)
            self._text(value, "", 9, _KEY_WIDTH)
            self.ln(0.6)

    def row(self, cells: Sequence[str], widths: Sequence[float], *, bold: bool = False) -> None:
        """One line of a table; what does not fit into its column ends in an ellipsis."""
        self._style("B" if bold else "", 7)
        self.set_text_shaping(use_shaping_engine=False)
        for text, width in zip(cells, widths, strict=True):
            self.cell(width, 4.2, self._fitted(printable(text), width - 2.4))
        self.ln(4.2)

    def remark(self, text: str) -> None:
        """What belongs to the line of a table above it."""
        self._text(text, "", 7, 8.0, grey=True)

    def rule(self) -> None:
        """A thin line across the page."""
        self._rule()
        self.ln(0.8)

    def pictures(self, pictures: Sequence[tuple[bytes | None, str]], *, columns: int = 3, height: float = 44.0) -> None:
        """Images side by side, each with a caption; a frame stands where there is none."""
        width = self.epw / columns
        for start in range(0, len(pictures), columns):
            if self.will_page_break(height + 14):
                self.add_page()
            top = self.get_y()
            for column, (data, caption) in enumerate(pictures[start : start + columns]):
                left = _MARGIN + column * width
                self._picture(data, caption, left, top, (width - 4, height))
            self.set_xy(_MARGIN, top + height + 12)

    def _picture(self, data: bytes | None, caption: str, left: float, top: float, size: tuple[float, float]) -> None:
        width, height = size
        if data is None:
            self.set_draw_color(_RULE)
            self.rect(left, top, width, height)
        else:
            self.image(io.BytesIO(data), left, top, width, height, keep_aspect_ratio=True, alt_text=printable(caption))
        self._style("", 6.5)
        self.set_xy(left, top + height + 1)
        self.set_text_shaping(use_shaping_engine=False)
        self.multi_cell(width, 3.2, printable(caption), align=Align.L)

    def _text(self, text: str, style: str, size: float, indent: float = 0.0, *, grey: bool = False) -> None:
        """Set each paragraph by itself: its script decides where it begins."""
        shown = printable(text)
        self._provide_fonts(shown)
        self._style(style, size, grey=grey)
        for paragraph in shown.split("\n"):
            self.set_text_shaping(use_shaping_engine=needs_shaping(paragraph))
            self.set_x(_MARGIN + indent)
            align = Align.R if runs_from_the_right(paragraph) else Align.L
            self.multi_cell(0, size * _LEADING, paragraph, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_shaping(use_shaping_engine=False)

    def _provide_fonts(self, text: str) -> None:
        if not self._has_east_asian_font and needs_east_asian_font(text):
            self.add_font("east-asian", "", EAST_ASIAN)
            self.set_fallback_fonts(["east-asian"], exact_match=False)
            self._has_east_asian_font = True

    def _fitted(self, text: str, width: float) -> str:
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(f"{text}…") > width:
            text = text[:-1]
        return f"{text}…"

    def _style(self, style: str, size: float, *, grey: bool = False) -> None:
        self.set_font(_FAMILY, style, size)
        self.set_text_color(_GREY if grey else 0)

    def _rule(self) -> None:
        self.set_draw_color(_RULE)
        self.line(_MARGIN, self.get_y(), self.w - _MARGIN, self.get_y())
