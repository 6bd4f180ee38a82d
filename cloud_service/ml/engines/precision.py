"""In what an engine calculates, and from which of a package's files it is made."""

from enum import StrEnum

from cloud_service.ml.package import ModelPackage, PackageFile

INPUT, LOGITS, ATTENTION = "pixels", "logits", "attention"  # of the graph, by name (export.py)


class Precision(StrEnum):
    """In what an engine calculates."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT8 = "int8"


def source_of(precision: Precision) -> PackageFile:
    """The file of a package from which an engine of this precision is made."""
    return PackageFile.QUANTISED if precision is Precision.INT8 else PackageFile.ONNX


def outputs_of(package: ModelPackage) -> list[str]:
    """The outputs that are served, by name."""
    return [LOGITS, ATTENTION] if package.card.attention else [LOGITS]
