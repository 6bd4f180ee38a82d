"""Signed reports: what they hold, what their PDF shows, and that they never change."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pypdfium2
import pytest
from sqlalchemy import update

from cloud_service.accounts.permissions import Role
from cloud_service.database import snapshot, transaction
from cloud_service.ingest.archive import check_archive
from cloud_service.models import Report
from shared.vocabulary import RESEARCH_USE_ONLY
from tests.support.reading import PSEUDONYM, Clinician, a_case, capture_ids, clinicians
from tests.support.web import ApiServer, a_problem

ROOT = Path(__file__).parents[2]
LONG_NAME = "a" * 64
SCRIPT = '<script>alert("x")</script> <b>bold</b> *stars* _under_ #let x = 1; $x^2$ @ref [link] \\u{41} {nb}'
ARABIC = "لا توجد خلايا أرومية في 12 صورة"
CHINESE = "未见原始细胞"
COMMAND = [sys.executable, "-c", "from cloud_service.cli import main; main()"]


@dataclass(frozen=True)
class Signed:
    server: ApiServer
    anna: Clinician
    carlos: Clinician
    case_id: UUID
    report: dict[str, Any]

    def pdf(self, report_id: str | None = None) -> bytes:
        response = self.anna.client.get(f"/api/v1/reports/{report_id or self.report['id']}/pdf")
        assert response.status_code == 200, response.text
        return response.content


@pytest.fixture
def signed(server_on_both: ApiServer) -> Iterator[Signed]:
    with clinicians(server_on_both, "a.bauer", LONG_NAME) as (anna, carlos):
        case_id = a_case(server_on_both, 0.9, 0.2)
        anna.claim(case_id).read(case_id, "suspicious", conclusion=f"{SCRIPT}\n{ARABIC}\n{CHINESE}\n{'W' * 900}")
        anna.judge(case_id, capture_ids(server_on_both)[1], "suspicious", "A blast \u202eat the edge.")
        anna.open(case_id, *capture_ids(server_on_both))
        (report,) = anna.sign(case_id)["reports"]
        yield Signed(server_on_both, anna, carlos, case_id, report)


def pages(pdf: bytes) -> list[str]:
    """What each page says, in one line, without the places where long words may break."""
    with pypdfium2.PdfDocument(pdf) as document:
        found = []
        for page in document:
            text = page.get_textpage().get_text_range().replace("\u200b", "").replace("\ufffe", "")
            found.append(re.sub(r"\s+", " ", text))
            page.close()
        return found


def test_the_content_is_what_was_signed_and_its_digest_is_that_of_its_canonical_json(signed: Signed) -> None:
    view = signed.anna.get(f"/reports/{signed.report['id']}")

    canonical = json.dumps(view["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == view["content_sha256"] == signed.report["content_sha256"]
    content = view["content"]
    assert (content["pseudonym"], content["site"], content["notice"]) == (PSEUDONYM, "north", RESEARCH_USE_ONLY)
    assert [image["model_probability"] for image in content["images"]] == [0.9, 0.2]
    assert [image["verdict"] for image in content["images"]] == [None, "suspicious"]
    assert [model["name"] for model in content["models"]] == ["se-cnn"]


def test_the_pdf_says_all_that_matters_on_pages_that_say_what_they_are(signed: Signed) -> None:
    told = pages(signed.pdf())

    for number, page in enumerate(told, 1):
        assert RESEARCH_USE_ONLY in page
        assert f"Page {number} of {len(told)}" in page
        assert signed.report["content_sha256"] in page
    whole = " ".join(told)
    for words in (
        PSEUDONYM,
        "site north",
        "Suspicious: blast features seen in 2 of 2 images",
        "Suspicious: blast features seen in 1 of 2 images",
        "a preliminary finding, not a diagnosis",
        "1. a.bauer, signed 20",
        *(str(capture_id) for capture_id in capture_ids(signed.server)),
    ):
        assert words in whole, words


def test_words_of_people_are_shown_as_they_are_and_never_carried_out(signed: Signed) -> None:
    pdf = signed.pdf()
    whole = " ".join(pages(pdf))

    assert SCRIPT in whole
    assert CHINESE in whole
    assert "A blast [U+202E]at the edge." in whole
    with pypdfium2.PdfDocument(pdf) as document:
        assert pypdfium2.raw.FPDFDoc_GetJavaScriptActionCount(document) == 0


def test_every_letter_stays_on_the_page(signed: Signed) -> None:
    with pypdfium2.PdfDocument(signed.pdf()) as document:
        assert len(document) > 1
        for page in document:
            image = page.render(scale=1).to_pil().convert("L")
            edge = round(page.get_width() - 30)
            assert image.crop((edge, 0, image.width, image.height)).getextrema() == (255, 255), "text in the margin"
            page.close()


def test_a_paragraph_in_arabic_begins_at_the_right(signed: Signed) -> None:
    with pypdfium2.PdfDocument(signed.pdf()) as document:
        page = document[0]
        text = page.get_textpage()
        found = [index for index, letter in enumerate(text.get_text_range()) if "\u0600" <= letter <= "\u06ff"]
        right = max(text.get_charbox(index)[2] for index in found)
        assert page.get_width() - right < 60, "points from the edge"
        text.close()
        page.close()


def test_a_report_is_the_same_bytes_at_every_reading(signed: Signed) -> None:
    url = f"/api/v1/reports/{signed.report['id']}/pdf"
    first = signed.anna.client.get(url)
    signed.server.stop()
    signed.server.start()

    assert signed.carlos.client.get(url).content == first.content
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["etag"].strip('"') == hashlib.sha256(first.content).hexdigest()
    again = signed.anna.client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert check_archive(signed.server.engine, signed.server.blobs).orphans == []


def test_an_amendment_says_who_changed_what_and_why_and_leaves_the_former_report_alone(signed: Signed) -> None:
    before = signed.pdf()
    signed.carlos.claim(signed.case_id)
    signed.carlos.open(signed.case_id, *capture_ids(signed.server))
    words = {"conclusion": "Another one.", "amendment_reason": "The slide was confused."}
    amended = signed.carlos.asked_to_amend(signed.case_id, "suspicious", **words).json()["reports"][1]

    whole = " ".join(pages(signed.pdf(amended["id"])))
    for told in ("The slide was confused.", LONG_NAME, "Report 1, whose content has", signed.report["content_sha256"]):
        assert told in whole, told
    assert signed.pdf() == before
    assert "Another one." not in " ".join(pages(before))


def test_altered_content_and_a_damaged_or_lost_pdf_are_not_shown(signed: Signed) -> None:
    report_id = signed.report["id"]
    with transaction(signed.server.engine) as session:
        sha256 = session.get_one(Report, UUID(report_id)).pdf_sha256
    path = Path(signed.server.settings.blob_url) / "sha256" / sha256[:2] / sha256
    url = f"/api/v1/reports/{report_id}"

    path.write_bytes(path.read_bytes() + b" ")
    assert "other bytes" in a_problem(signed.anna.client.get(f"{url}/pdf"), 500)
    path.unlink()
    assert "missing" in a_problem(signed.anna.client.get(f"{url}/pdf"), 500)
    assert check_archive(signed.server.engine, signed.server.blobs).missing == [report_id]
    with transaction(signed.server.engine) as session:
        content = session.get_one(Report, UUID(report_id)).content | {"verdict": "no_blast_features"}
        session.execute(update(Report).values(content=content))
    for address in (url, f"{url}/pdf"):
        assert "not the one that was signed" in a_problem(signed.anna.client.get(address), 500)


def test_a_report_cannot_be_changed_or_deleted_by_the_program(signed: Signed) -> None:
    with pytest.raises(TypeError, match="never changes"), transaction(signed.server.engine) as session:
        session.get_one(Report, UUID(signed.report["id"])).signed_by = "c.diaz"
    with pytest.raises(TypeError, match="never changes"), transaction(signed.server.engine) as session:
        session.delete(session.get_one(Report, UUID(signed.report["id"])))
    with snapshot(signed.server.engine) as session:
        assert session.get_one(Report, UUID(signed.report["id"])).signed_by == "a.bauer"


def test_no_statement_of_the_program_updates_or_deletes_reports() -> None:
    calls = [
        ast.unparse(node)
        for path in (ROOT / "cloud_service").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"update", "delete"}
    ]

    assert len(calls) > 3
    assert [call for call in calls if re.search(r"\bReport\b", call)] == []


def test_reports_are_for_those_who_may_see_cases(signed: Signed) -> None:
    url = f"/api/v1/reports/{signed.report['id']}"
    for role, status in ((Role.ADMINISTRATOR, 200), (Role.SERVICE, 200)):
        with signed.server.client(role) as client:
            assert client.get(url).status_code == client.get(f"{url}/pdf").status_code == status
    with signed.server.client(Role.TECHNICIAN, site="north") as technician:
        a_problem(technician.get(url), 403)
        a_problem(technician.get(f"{url}/pdf"), 403)
    a_problem(signed.anna.client.get(f"/api/v1/reports/{uuid4()}"), 404)
    a_problem(signed.anna.client.get(f"/api/v1/reports/{uuid4()}/pdf"), 404)


def test_the_command_shows_lists_and_writes_a_report(signed: Signed, tmp_path: Path) -> None:
    settings = signed.server.settings
    environment = {"SMEARFLOW_DATABASE_URL": settings.database_url, "SMEARFLOW_BLOB_URL": settings.blob_url}

    def run(*arguments: str) -> str:
        command = [*COMMAND, "report", *arguments]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        return ended.stdout

    file = tmp_path / "report.pdf"
    shown = run("show", signed.report["id"], "--pdf", str(file))
    (listed,) = json.loads(run("list", "--case", str(signed.case_id), "--json"))

    assert "Signed diagnosis: Suspicious: blast features seen in 2 of 2 images" in shown
    assert RESEARCH_USE_ONLY in shown
    assert file.read_bytes() == signed.pdf()
    assert listed["id"] == signed.report["id"]
    told = json.loads(run("show", signed.report["id"], "--json"))
    assert told == signed.anna.get(f"/reports/{signed.report['id']}")
    assert signed.report["id"] in run("list")
