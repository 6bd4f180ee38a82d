"""What a job's process tells, on its way to the database."""

import os
from pathlib import Path

import pytest

from cloud_service.training.pipe import Failure, Message, PipeTell, noted_epochs, read, write
from cloud_service.training.running import ending_in_words
from cloud_service.training.schemas import TrainingProgress
from cloud_service.training.telling import LOG_CHARACTERS, WRITE_SECONDS, LogTail, Telling
from tests.support.counting import an_epoch

COUNTING = TrainingProgress(phase="Counting", done=1, total=3)


def through_a_pipe(message: Message) -> bytes:
    reading, writing = os.pipe()
    write(message, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        return stream.read()


@pytest.mark.parametrize(
    "message",
    [
        Message(progress=COUNTING),
        Message(epoch=an_epoch(3)),
        Message(log="two\nlines, ünd a tab\t"),
        Message(failure=Failure(reason="The disk is full.", kind="transient")),
    ],
)
def test_messages_come_through_the_pipe_as_one_line(message: Message) -> None:
    line = through_a_pipe(message)

    assert line.count(b"\n") == 1
    assert read(line) == message


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"Traceback (most recent call last):\n", "Traceback (most recent call last):"),
        (b"\xff\xfe\r\n", "��"),
        (b"\x1e{broken\n", "{broken"),
        (b'\x1e{"progress": {}}\n', '{"progress": {}}'),
    ],
)
def test_whatever_else_is_printed_is_a_line_of_the_log(line: bytes, text: str) -> None:
    assert read(line) == Message(log=text)


def test_epochs_are_noted_in_the_folder_and_a_line_that_was_cut_off_costs_no_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert noted_epochs(tmp_path) == {}
    tell = PipeTell(tmp_path)
    tell.epoch(an_epoch(1))
    with (tmp_path / "epochs.jsonl").open("ab") as file:
        file.write(b'{"epoch": 2, "trai')
    tell.epoch(an_epoch(2))

    assert noted_epochs(tmp_path) == {1: an_epoch(1), 2: an_epoch(2)}
    assert capfd.readouterr().out.count("\n") == 2


def test_the_log_keeps_its_end_and_nothing_that_a_database_refuses() -> None:
    log = LogTail("2026-11-22 09:00:00  from before")
    assert log.last == "from before"

    log.add("nul \0 byte")
    assert str(log).splitlines()[-1].endswith("  nul  byte")
    for number in range(5000):
        log.add(f"line {number}")
    log.add("x" * 5000)
    log.add("")

    assert len(str(log)) <= LOG_CHARACTERS
    assert "from before" not in str(log)
    assert log.last == "x" * 1000


def test_progress_waits_for_its_second_and_an_epoch_does_not() -> None:
    seconds = 100.0
    telling = Telling("", clock=lambda: seconds)
    telling.note(Message(progress=COUNTING))
    first = telling.take(0)
    assert first is not None
    assert first.progress == COUNTING

    telling.note(Message(log="more"))
    assert telling.take(0) is None
    telling.note(Message(epoch=an_epoch(1)))
    epoch = telling.take(0)
    assert epoch is not None
    assert epoch.epochs == (an_epoch(1),)

    telling.note(Message(log="later"))
    seconds += 0.9 * WRITE_SECONDS
    assert telling.take(0) is None
    seconds += 0.2 * WRITE_SECONDS
    later = telling.take(0)
    assert later is not None
    assert later.log.endswith("later")  # it was held back, not lost


def test_what_could_not_be_written_is_taken_again_in_order() -> None:
    telling = Telling("")
    telling.note(Message(epoch=an_epoch(1)))
    news = telling.take(0)
    assert news is not None
    telling.note(Message(epoch=an_epoch(2)))
    telling.give_back(news)

    again = telling.take(0)
    assert again is not None
    assert [record.epoch for record in again.epochs] == [1, 2]


def test_the_last_words_are_taken_at_once() -> None:
    telling = Telling("")
    telling.note(Message(log="one"))
    assert telling.take(0) is not None
    telling.note(Message(failure=Failure(reason="first", kind="permanent")))
    telling.note(Message(failure=Failure(reason="second", kind="transient")))
    telling.close()

    last = telling.take(0)
    assert last is not None
    assert last.log.splitlines()[-1].endswith("second")
    assert telling.failure == Failure(reason="first", kind="permanent")
    assert telling.take(60) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "Its process ended without an outcome."),
        (1, "Its process ended with exit code 1: ValueError: x."),
        (-9, "Its process was killed by SIGKILL; where nobody did that, the machine ran out of memory."),
        (-11, "Its process was ended by SIGSEGV."),
    ],
)
def test_an_ending_is_told_in_words(code: int, words: str) -> None:
    assert ending_in_words(code, "ValueError: x.") == words
