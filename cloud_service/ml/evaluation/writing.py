"""An evaluation's folder: JSON, Markdown and figures, written whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path

from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.evaluation.curves import RocCurve
from cloud_service.ml.evaluation.report import Assessment, Evaluation
from cloud_service.ml.evaluation.text import evaluation_text
from cloud_service.ml.figures.confusion import draw_confusion
from cloud_service.ml.figures.reliability import draw_reliability
from cloud_service.ml.figures.roc import RocLine, draw_roc


def refuse_used_folder(out: Path) -> None:
    """Sees that results can go to `out`.

    Raises:
        EvaluationError: something is there already.
    """
    if out.exists():
        raise EvaluationError(f"{out} exists already; results are never overwritten. Name another folder with --out.")


def write_evaluation(evaluation: Evaluation, out: Path) -> None:
    """Writes evaluation.json, evaluation.md and figures to the new folder `out`.

    Raises:
        EvaluationError: `out` exists, or cannot be written; nothing is left of it then.
    """
    refuse_used_folder(out)
    files = {
        "evaluation.json": (evaluation.model_dump_json(indent=2) + "\n").encode(),
        "evaluation.md": (evaluation_text(evaluation) + _links(evaluation.assessment)).encode(),
        **_figures(evaluation.assessment),
    }
    draft = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        for name, content in files.items():
            (draft / name).write_bytes(content)
        draft.chmod(0o755)  # mkdtemp's own mode would hide it from others
        os.replace(draft, out)  # noqa: PTH105 - a folder, in one step
    except OSError as error:
        raise EvaluationError(
            f"The evaluation cannot be written to {out}: {error.strerror}. Nothing of it was kept; free some space or "
            "name another folder with --out."
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _figures(found: Assessment) -> dict[str, bytes]:
    figures = {
        "confusion.svg": draw_confusion({"": found.confusion}),
        "reliability.svg": draw_reliability(
            {"as served": found.calibration, "without temperature": found.calibration_without_temperature}
        ),
    }
    if found.roc.true_positive_rate:
        lines = [_line("network", found.roc)]
        if found.roc_of_colours is not None:
            lines.append(_line("colours alone", found.roc_of_colours, is_reference=True))
        figures["roc.svg"] = draw_roc({"": lines})
    return figures


def _line(label: str, curve: RocCurve, *, is_reference: bool = False) -> RocLine:
    return RocLine(label, curve.false_positive_rate, curve.true_positive_rate, is_reference)


def _links(found: Assessment) -> str:
    titles = {"confusion": "Confusion matrix", "roc": "ROC curve", "reliability": "Reliability diagram"}
    if not found.roc.true_positive_rate:
        del titles["roc"]
    return "\n\n" + "\n".join(f"![{title}]({name}.svg)" for name, title in titles.items()) + "\n"
