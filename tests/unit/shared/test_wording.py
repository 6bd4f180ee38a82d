import pytest

from shared.wording import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (12_345, "12,345 images")]
)
def test_things_are_counted_in_words(number: int, said: str) -> None:
    assert counted(number, "image") == said


def test_what_forms_no_plural_by_an_s_says_its_own() -> None:
    assert counted(1, "group is", "groups are") == "1 group is"
    assert counted(3, "group is", "groups are") == "3 groups are"
