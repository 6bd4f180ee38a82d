"""`smearflow dataset …` on a database and a blob store of the test's own, with a worker's part done in this process."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_service import config, database
from cloud_service.blob_store import open_blob_store
from cloud_service.errors import NotFoundError
from cloud_service.ml.datasets.samples import DatasetError
from tests.support.commands import Commands, own_cloud
from tests.support.dataset_archives import class_folders, picture, work_off, zipped

commands = Commands("dataset")
run, said, told = commands.run, commands.said, commands.told


@pytest.fixture(autouse=True)
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with own_cloud(tmp_path, monkeypatch):
        yield


def do_jobs() -> None:
    work_off(database.engine(), open_blob_store(config.settings()))


def a_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_becomes_a_data_set_and_is_removed(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "fields", class_folders())
    begun = told("import", folder, "--name", "fields")
    assert (begun["state"], begun["source"], begun["file_name"]) == ("waiting", "folder", "fields")
    do_jobs()

    shown = said("imports", begun["id"], "--sheet", tmp_path / "sheet.png")
    assert "Layout class-folders, 2 images: 1 with ALL, 1 without" in shown
    assert f"smearflow dataset confirm {begun['id']}" in shown
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert "checked    training     fields" in said("imports")
    assert "is importing" in said("confirm", begun["id"])
    do_jobs()

    (row,) = told("list")
    assert (row["name"], row["number"], row["images"]) == ("fields", 1, 2)
    assert "fields 1: training, 2 images (1 with ALL), 2 groups" in said("list")
    assert "Version 1 of fields, training; kept by command line: " in said("show", row["id"])
    assert told("show", row["id"])["report"]["images"] == 2
    assert said("remove", row["id"]) == "Version 1 of fields is removed.\n"
    assert "removed by command line: " in said("list")


def waited_for(work: Callable[[], Any]) -> Any:
    """What a command returns that waits for a worker, which works meanwhile."""
    stop = threading.Event()

    def serve() -> None:
        while not stop.wait(0.05):
            do_jobs()

    worker = threading.Thread(target=serve)
    worker.start()
    try:
        return work()
    finally:
        stop.set()
        worker.join()


def test_one_command_imports_and_keeps(tmp_path: Path) -> None:
    archive = tmp_path / "fields.zip"
    archive.write_bytes(zipped(class_folders()))
    wish = ("import", archive, "--name", "test set", "--purpose", "locked-test", "--confirm", "--wait")

    kept = waited_for(lambda: said(*wish))
    again = waited_for(lambda: run(*wish))

    assert kept.strip().endswith("of test set is imported.")
    assert "holds just these images and labels already" in again.stdout
    assert again.exit_code == 1


def test_what_cannot_be_imported_ends_with_a_reason(tmp_path: Path) -> None:
    one_class = a_folder(tmp_path / "one", {"all/a.png": picture(1)})
    refused = waited_for(lambda: run("import", one_class, "--name", "one", "--wait"))
    assert refused.exit_code == 1
    assert "is refused: one needs images with ALL and without" in refused.stdout
    unnamed = run("import", "--name", "x")
    assert unnamed.exit_code == 2
    assert "name a folder or an archive" in unnamed.output
    with pytest.raises(DatasetError, match="There is no file or folder"):
        run("import", tmp_path / "nowhere", "--name", "x")
    with pytest.raises(NotFoundError, match="There is no site 'nowhere'"):
        run("import", one_class, "--name", "x", "--site", "nowhere")


def test_signed_cases_are_asked_for_and_dropped() -> None:
    wish = ("import", "--signed-cases", "--name", "signed", "--since", "2026-01-01")
    begun = told(*wish)
    assert (begun["source"], begun["state"]) == ("signed-cases", "waiting")
    assert "is dropped." in said("drop", begun["id"])
