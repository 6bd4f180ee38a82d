"""Summaries of cases from their rows; the API and the event stream say the same."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from cloud_service.cases.schemas import CaseSummary
from cloud_service.cases.standing import wording
from cloud_service.database import table_of
from cloud_service.models import Case

_COLUMNS = tuple(table_of(Case).columns.keys())
_RENAMED = {"site": "site_id", "device": "device_id"}
_SAME = tuple(name for name in CaseSummary.model_fields if name in _COLUMNS)


def case_summary(case: Case) -> CaseSummary:
    """The summary of a case that is loaded."""
    return summary_of({name: getattr(case, name) for name in _COLUMNS})


def summary_of(row: RowMapping | Mapping[str, Any]) -> CaseSummary:
    """The summary of a case from its columns, by their names."""
    said = wording(
        row["answer"],
        images=row["images"],
        analysed=row["analysed_images"],
        suspicious=row["suspicious_images"],
        doubted=row["doubted_images"],
    )
    renamed = {name: row[column] for name, column in _RENAMED.items()}
    return CaseSummary(wording=said, **renamed, **{name: row[name] for name in _SAME})
