"""The CSV files that a data set may bring along."""

import csv
from collections.abc import Iterator
from pathlib import Path

from cloud_service.ml.datasets.samples import DatasetError


def read_rows(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a CSV file (RFC 4180, UTF-8) below its heading, each with its number in the file.

    Args:
        file: what to read.
        columns: headings that must be there; others may be.

    Returns:
        values by heading, without blanks around them; "" where a line is too short.

    Raises:
        DatasetError: a column is missing, or the file is no CSV in UTF-8.
        OSError: the file cannot be read.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, restval="")
        try:
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise DatasetError(f"{file} lacks the column {missing[0]!r}; it needs {' and '.join(columns)}.")
            for row in reader:
                yield reader.line_num, {name: value.strip() for name, value in row.items() if name is not None}
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"{file} is not in UTF-8: byte {error.object[error.start]:#x} is none of its characters. Save it as "
                '"CSV UTF-8".'
            ) from error
        except csv.Error as error:
            raise DatasetError(f"{file} is no CSV file, near line {reader.line_num}: {error}.") from error
