import pytest

from cloud_service.ml.evaluation.confusion import Confusion, confusion_of
from cloud_service.ml.evaluation.measures import OperatingPoint
from tests.support.answers import answers


@pytest.mark.parametrize(
    ("point", "counts"),
    [
        (OperatingPoint(), {"hits": 3, "misses": 1, "alarms": 1, "passes": 2}),  # a logit of 0 is at 0.5 itself
        (OperatingPoint(threshold=0.6), {"hits": 2, "misses": 2, "alarms": 1, "passes": 2}),
        (OperatingPoint(threshold=0.7, temperature=4.0), {"hits": 1, "misses": 3, "alarms": 0, "passes": 3}),
    ],
)
def test_counts_by_hand(point: OperatingPoint, counts: dict[str, int]) -> None:
    found = answers([4.0, 1.0, 0.0, -2.0, 2.0, -1.0, -3.0], [1, 1, 1, 1, 0, 0, 0])
    assert confusion_of(found, point) == Confusion(**counts)
