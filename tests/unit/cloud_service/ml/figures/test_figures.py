import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.calibration import calibration_of
from cloud_service.ml.evaluation.confusion import Confusion
from cloud_service.ml.figures.confusion import draw_confusion
from cloud_service.ml.figures.curves import Curves, draw_curves
from cloud_service.ml.figures.reliability import draw_reliability
from cloud_service.ml.figures.roc import RocLine, draw_roc
from cloud_service.ml.figures.sheet import draw_sheet
from cloud_service.ml.figures.style import INK

RUN = Curves(training_loss=[0.7, 0.3], validation_loss=[0.6, 0.4], validation_accuracy=[0.5, 0.9], chosen_epoch=2)
LINE = RocLine("network", [0.0, 0.0, 1.0], [0.0, 1.0, 1.0])


def drawn(name: str, panels: int) -> bytes:
    titles = [f"Run {number}" for number in range(1, panels + 1)]
    match name:
        case "confusion":
            return draw_confusion(dict.fromkeys(titles, Confusion(hits=20, misses=3, alarms=0, passes=21)))
        case "curves":
            return draw_curves(dict.fromkeys(titles, RUN))
        case "reliability":
            answers = Answers(
                np.array([-2.0, -1, 1, 3]), np.array([0, 0, 1, 1]), np.array(list("abcd")), np.empty((4, 0))
            )
            return draw_reliability(dict.fromkeys(titles, calibration_of(answers, 1.0)))
        case _:
            return draw_roc(dict.fromkeys(titles, (LINE, RocLine("colours", [0, 1], [0, 1], is_reference=True))))


@pytest.mark.parametrize("name", ["confusion", "curves", "reliability", "roc"])
@pytest.mark.parametrize("panels", [1, 3, 4])
def test_figures_are_svg_that_follows_light_and_dark(name: str, panels: int) -> None:
    content = drawn(name, panels)
    root = ET.fromstring(content)  # noqa: S314 - what was just drawn here
    assert root.tag.endswith("svg")
    text = content.decode()
    assert "currentColor" in text
    assert "prefers-color-scheme:dark" in text
    assert text.count(INK) == 1  # in the rule that sets it
    assert "http" not in text.replace("http://www.w3.org/", "").replace("http://purl.org/", "").replace(
        "http://creativecommons.org/", ""
    )


def test_the_same_figure_has_the_same_bytes() -> None:
    assert drawn("roc", 2) == drawn("roc", 2)


def test_a_sheet_has_a_row_for_each_image() -> None:
    images = np.random.default_rng(1).integers(0, 255, (3, 32, 32, 3), dtype=np.uint8)
    one, two = (
        Image.open(io.BytesIO(draw_sheet(rows, ("as it is", "varied", "varied"))))
        for rows in ({"ALL": images}, {"ALL": images, "not ALL": images})
    )
    assert one.format == "PNG"
    assert one.width == two.width
    assert two.height > 1.7 * one.height
