"""What the demo has to say at its end: a table for people, one JSON object for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import quantiles
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloud_service.local_stack.edge_view import EdgeFile
from cloud_service.local_stack.expected import ExpectedFile
from shared.vocabulary import RESEARCH_USE_ONLY

_MOST_ROWS = 60


class DemoReport:
    """The expected files beside what became of them.

    Args:
        files: each expected file, and what the device knows of it (None: it never saw the file).
        seen_at: when each capture's prediction reached the event stream's reader.
    """

    def __init__(
        self,
        files: Sequence[tuple[ExpectedFile, EdgeFile | None]],
        seen_at: Mapping[UUID, datetime],
    ) -> None:
        self._files = files
        self._seen_at = seen_at

    @property
    def succeeded(self) -> bool:
        """Every good capture was diagnosed, and every bad one refused with a reason."""
        return bool(self._files) and all(
            found is not None and (found.is_diagnosed if expected.is_good else found.is_refused)
            for expected, found in self._files
        )

    def as_json(self) -> dict[str, Any]:
        """Counts, latencies from the outbox to the event stream in milliseconds, and each capture."""
        states = Counter(_state(found) for _, found in self._files)
        return {
            "succeeded": self.succeeded,
            "counts": {
                "total": len(self._files),
                **{name: states[name] for name in ("diagnosed", "refused", "pending")},
            },
            "latency_ms": self._latencies(),
            "notice": RESEARCH_USE_ONLY,
            "captures": [
                {
                    "file": str(expected.path),
                    "state": _state(found),
                    "probability": found.result.probability if found and found.result else None,
                    "label": found.result.label if found and found.result else None,
                    "doubts": list(found.result.doubts) if found and found.result else [],
                    "reason": found.reason if found else None,
                }
                for expected, found in self._files
            ],
        }

    def print(self, console: Console) -> None:
        """The table, what was counted, and what a result is not."""
        table = Table(
            "File", "State", "Probability", "Preliminary finding or reason", title="What became of each capture"
        )
        for expected, found in self._files[:_MOST_ROWS]:
            result = found.result if found else None
            table.add_row(
                Text(ascii_name(expected)),
                _state(found),
                "" if result is None or result.probability is None else f"{result.probability:.2f}",
                Text(result.answer if result and result.label else (found.reason or "") if found else ""),
            )
        console.print(table)
        if len(self._files) > _MOST_ROWS:
            console.print(f"… and {len(self._files) - _MOST_ROWS} more; --json has them all.")
        summary = self.as_json()
        counts, latency = summary["counts"], summary["latency_ms"]
        console.print(
            f"{counts['diagnosed']} diagnosed, {counts['refused']} refused, {counts['pending']} without an answer."
        )
        doubted = sum(1 for capture in summary["captures"] if capture["doubts"])
        if doubted:
            console.print(f"Of those diagnosed, {doubted} are doubted: the model's answer should not be relied on.")
        if latency["p50"] is not None:
            console.print(f"From the outbox to the event stream: p50 {latency['p50']} ms, p95 {latency['p95']} ms.")
        console.print(RESEARCH_USE_ONLY)

    def _latencies(self) -> dict[str, int | None]:
        taken = [
            (self._seen_at[found.capture_id] - found.queued_at).total_seconds() * 1000
            for _, found in self._files
            if found and found.capture_id and found.queued_at and found.capture_id in self._seen_at
        ]
        if not taken:
            return {"p50": None, "p95": None}
        cuts = quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else taken * 99
        return {"p50": round(cuts[49]), "p95": round(cuts[94])}


def ascii_name(expected: ExpectedFile) -> str:
    """A file's name with control characters made visible, so that no name can disturb the terminal."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in expected.path.name)


def _state(found: EdgeFile | None) -> str:
    if found is None or not found.is_answered:
        return "pending"
    return "diagnosed" if found.is_diagnosed else "refused"
