"""The child process that decodes: what it tells, what it survives, and what becomes of what kills it."""

import io
import os
import signal
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest
from PIL import Image

from cloud_service.config import Settings
from cloud_service.ingest.decoding import DecodedImage, Decoder
from shared.errors import UnreadableImageError
from tests.support.device_side import noise_image
from tests.support.processes import go_on, pause


@pytest.fixture
def own_decoder() -> Iterator[Decoder]:
    decoder = Decoder(Settings(decode_processes=1))
    yield decoder
    decoder.close()


def test_it_tells_what_an_image_is(decoder: Decoder) -> None:
    assert decoder.start(noise_image(1)).result() == DecodedImage("image/png", 64, 48)
    assert decoder.start(noise_image(1, image_format="JPEG")).result() == DecodedImage("image/jpeg", 64, 48)


def test_it_gives_the_reason_for_what_is_none_and_goes_on(decoder: Decoder) -> None:
    with pytest.raises(UnreadableImageError, match="empty"):
        decoder.start(b"").result()
    assert decoder.start(noise_image(1)).result().width == 64


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_damage_is_found_though_only_a_small_scale_is_decoded(decoder: Decoder, share: float) -> None:
    whole = io.BytesIO()
    Image.effect_noise((1600, 1200), 60).convert("RGB").save(whole, "JPEG", quality=92)
    with pytest.raises(UnreadableImageError, match="decoded to its end"):
        decoder.start(whole.getvalue()[: int(len(whole.getvalue()) * share)]).result()


def test_an_image_that_takes_too_much_memory_is_refused() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (6000, 6000)).save(stream, "PNG", compress_level=1)
    with closing(Decoder(Settings(decode_memory_bytes=160 * 1024 * 1024))) as tight:
        with pytest.raises(UnreadableImageError, match="more memory"):
            tight.start(stream.getvalue()).result()
        assert tight.start(noise_image(1)).result().width == 64


def test_a_child_that_is_killed_from_outside_is_replaced(own_decoder: Decoder) -> None:
    own_decoder.start(noise_image(1)).result()
    process = own_decoder.children[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert own_decoder.start(noise_image(2)).result().width == 64


def test_an_image_that_kills_every_child_is_refused(own_decoder: Decoder) -> None:
    own_decoder.children[0].command = ["python3", "-c", "import sys; sys.stdin.buffer.read(8); raise SystemExit(9)"]
    with pytest.raises(UnreadableImageError, match="ended the process"):
        own_decoder.start(noise_image(1)).result()


def test_an_image_that_holds_its_child_up_holds_up_no_other_one() -> None:
    with closing(Decoder(Settings(decode_processes=2))) as decoder:
        held = psutil.Process(decoder.children[-1].start().pid)  # the one that is given the first image
        pause(held)
        waiting = decoder.start(noise_image(1))
        assert [decoder.start(noise_image(2)).result().width for _ in range(3)] == [64, 64, 64]
        assert not waiting.done()
        go_on(held)
        assert waiting.result().width == 64
