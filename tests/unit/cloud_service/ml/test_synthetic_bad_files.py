"""The broken and the odd files themselves; that each is refused or read is tested with the decoder."""

from pathlib import Path

from cloud_service.ml.synthetic.bad_files import make_bad_files, make_odd_files


def test_bad_files_are_small_and_say_what_is_wrong(tmp_path: Path) -> None:
    made = make_bad_files(tmp_path / "bad")
    assert sorted(path.name for path in (tmp_path / "bad").iterdir()) == sorted(file.path.name for file in made)
    assert all(file.why for file in made)
    assert max(file.path.stat().st_size for file in made) < 2_500_000
    sizes = {file.path.name: file.path.stat().st_size for file in made}
    assert sizes["empty.jpg"] == 0
    assert sizes["bomb.png"] < 1000


def test_odd_files_have_odd_names_and_differ_from_each_other(tmp_path: Path) -> None:
    made = make_odd_files(tmp_path)
    names = "".join(file.path.name for file in made)
    assert " " in names
    assert "\n" in names
    assert not names.isascii()
    assert len({file.path.read_bytes() for file in made}) == len(made)
