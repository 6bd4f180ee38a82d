import pytest

from cloud_service.ml.differences import differences


def test_each_place_is_named_with_what_was_and_what_is() -> None:
    was = {"seed": 1, "network": {"filters": [32, 64, 128], "backbone": "se-cnn"}}
    now = {"seed": 1, "network": {"filters": [32, 16, 128], "backbone": "resnet34"}, "quick": True}
    assert differences(was, now) == [
        "network.filters[2] was 64, is now 16",
        "network.backbone was se-cnn, is now resnet34",
        "quick was None, is now True",
    ]


@pytest.mark.parametrize("other", [[1], 3, {"a": 1}])
def test_what_has_another_shape_differs_as_a_whole(other: object) -> None:
    assert differences([1, 2], other, "shares") == [f"shares was [1, 2], is now {other}"]


def test_a_long_value_is_cut() -> None:
    (line,) = differences("x" * 100, "", "name")
    assert line == f"name was {'x' * 37}..., is now "


def test_what_is_the_same_has_no_differences() -> None:
    assert differences({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == []
