"""Reports are drawn in a process of their own: in which scripts, and what becomes of one whose process fails."""

import subprocess
import sys
import unicodedata
from pathlib import Path
from uuid import UUID

import pypdfium2
import pytest

from cloud_service.reports import drawing
from cloud_service.reports.drawing import DrawingError, draw
from cloud_service.reports.typography import has_code_points, printable
from shared.errors import TransientError
from tests.support.reports import a_content
from tests.support.web import jpeg

NO_BLASTS = {
    "Devanagari": "कोई ब्लास्ट नहीं देखा गया",
    "Bengali": "কোনো ব্লাস্ট দেখা যায়নি",
    "Gurmukhi": "ਕੋਈ ਬਲਾਸਟ ਨਹੀਂ",
    "Gujarati": "કોઈ બ્લાસ્ટ નથી",
    "Oriya": "କୌଣସି ବ୍ଲାଷ୍ଟ ନାହିଁ",
    "Tamil": "பிளாஸ்ட் இல்லை",
    "Telugu": "బ్లాస్ట్‌లు లేవు",
    "Kannada": "ಬ್ಲಾಸ್ಟ್ ಇಲ್ಲ",
    "Malayalam": "ബ്ലാസ്റ്റ് ഇല്ല",
    "Sinhala": "බ්ලාස්ට් නැත",
    "Ol Chiki": "ᱵᱟᱹᱱᱩᱜᱼᱟ",
    "Meetei Mayek": "ꯂꯩꯇꯦ",
    "Thaana": "ނެތް",
    "Thai": "ไม่พบเซลล์ตัวอ่อน",
    "Lao": "ບໍ່ພົບ",
    "Khmer": "រកមិនឃើញ",
    "Myanmar": "မတွေ့ပါ",
    "Tibetan": "མི་འདུག",
    "Ethiopic": "አልተገኘም",
    "Georgian": "არ ჩანს",
    "Armenian": "չեն երևում",
    "Hebrew": "לא נראו",
    "Arabic": "لا توجد",
    "Cyrillic": "не обнаружены",
    "Greek": "δεν βρέθηκαν",
    "Chinese": "未见原始细胞",
    "Japanese": "芽球は見られない",
    "Korean": "모세포 없음",
}


def told(pdf: bytes) -> str:
    """What the first page says."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        text = page.get_textpage()
        said = text.get_text_range()
        text.close()
        page.close()
    return " ".join(str(said).split())


@pytest.mark.parametrize("script", NO_BLASTS)
def test_a_script_has_letters(script: str) -> None:
    assert printable(NO_BLASTS[script]).replace("\u200b", "") == NO_BLASTS[script]


def test_all_scripts_stand_on_the_page_in_letters_of_the_reports_own_fonts() -> None:
    pdf = draw(a_content(conclusion="\n".join(NO_BLASTS.values())), {})
    letters = {letter for words in NO_BLASTS.values() for letter in words if unicodedata.category(letter) == "Lo"}
    said = unicodedata.normalize("NFKC", told(pdf))

    assert "[U+" not in said
    assert "by its Unicode number" not in said
    missing = {letter for letter in letters if letter not in said and unicodedata.normalize("NFKC", letter) not in said}
    assert missing == set()


def test_what_no_font_has_stands_as_its_number_and_the_report_says_what_that_means() -> None:
    said = told(draw(a_content(conclusion="A sign: \U0001f9ec."), {}))
    assert "A sign: [U+1F9EC]." in said
    assert "by its Unicode number" in said
    assert has_code_points("a [U+202E] b")
    assert not has_code_points("a [U+20] b")


def test_a_number_is_found_in_the_report_though_a_line_may_break_in_it() -> None:
    for length in range(17, 26):
        text = "x" * length + "\U0001f9ec" + "x"
        assert has_code_points(printable(text))
        assert "by its Unicode number" in told(draw(a_content(conclusion=text), {}))


def test_the_same_content_gives_the_same_bytes() -> None:
    pictures = {UUID(int=1000): jpeg()}
    assert draw(a_content(), pictures) == draw(a_content(), pictures)


def test_a_report_that_cannot_be_set_is_said_and_its_reason_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DrawingError, match="nothing was signed: tell the administrator"):
        draw(a_content(), {UUID(int=1000): b"no image"})
    assert "failed to decode" in "".join(capsys.readouterr())


def test_a_process_that_is_killed_or_hangs_may_be_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    with monkeypatch.context() as changed:
        changed.setattr(sys, "executable", str(killed))
        with pytest.raises(TransientError, match="was cut off"):
            draw(a_content(), {})
    monkeypatch.setattr(drawing, "_TIMEOUT_SECONDS", 0.001)
    with pytest.raises(TransientError, match="not drawn within"):
        draw(a_content(), {})


def test_nothing_of_typst_stays_in_the_process_that_asks_for_a_report() -> None:
    asks = (
        "import sys; from cloud_service.reports.drawing import draw; from tests.support.reports import a_content;"
        "assert draw(a_content(), {}).startswith(b'%PDF'); print('typst' in sys.modules)"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "False"
