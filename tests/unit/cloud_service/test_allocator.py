import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting exists in glibc only")
@pytest.mark.parametrize(("blocks", "size", "arguments"), [(1, 64 << 20, ""), (16, 200 << 10, "blocks_below=16 << 20")])
def test_freed_memory_stays_with_the_process(blocks: int, size: int, arguments: str) -> None:
    # In a process of its own, since the setting cannot be taken back.
    program = (
        "import resource; from cloud_service.allocator import keep_freed_memory\n"
        "def faults():\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        f"    for _ in range(20): [bytearray({size}) for _ in range({blocks})]\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before\n"
        f"returned = faults(); assert keep_freed_memory({arguments}); faults(); print(returned, faults())"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    returned, kept = map(int, run.stdout.split())
    assert kept < returned / 10


def test_what_is_loaded_is_collected_no_more() -> None:
    # Likewise: pytest's own objects would stay frozen.
    program = (
        "import gc; import cloud_service.celery_app; from cloud_service.allocator import freeze_what_is_loaded\n"
        "freeze_what_is_loaded(); print(gc.get_freeze_count(), len(gc.get_objects()))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    frozen, watched = map(int, run.stdout.split())
    assert watched < frozen / 100
