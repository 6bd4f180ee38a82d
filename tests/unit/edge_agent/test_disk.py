"""edge_agent.disk."""

from pathlib import Path

from edge_agent.disk import DiskGuard, free_disk_bytes


def test_disk_guard_speaks_below_its_minimum(tmp_path: Path) -> None:
    assert DiskGuard(tmp_path, 1000, lambda _: 1000).alarm() is None
    assert "free_disk_minimum_bytes" in str(DiskGuard(tmp_path, 1000, lambda _: 999).alarm())
    assert free_disk_bytes(tmp_path / "not" / "there" / "yet") > 0
