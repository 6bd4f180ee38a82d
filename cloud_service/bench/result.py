"""What a benchmark found, in the one form that is printed, kept as JSON, and drawn."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cloud_service.bench.machine import Machine
from cloud_service.bench.spread import Spread


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Figure(_Frozen):
    """One thing that was measured."""

    name: str
    value: Spread
    ratio: Spread | None = Field(None, description="against the table's baseline; above 1 is better")
    note: str = ""


class Table(_Frozen):
    """Figures in one unit, each beside one baseline of the same run."""

    title: str
    unit: str
    baseline: str = Field(description="what the ratios compare with; empty where there are none")
    figures: tuple[Figure, ...]

    @classmethod
    def of(
        cls,
        title: str,
        unit: str,
        found: Mapping[str, Sequence[float]],
        *,
        baseline: str,
        more_is_better: bool = True,
        notes: Mapping[str, str] | None = None,
    ) -> Self:
        """A table of what `by_turns` found.

        Args:
            title: what was measured.
            unit: of the figures.
            found: measurements by name, as many of each.
            baseline: one of the names.
            more_is_better: rates; off for times, whose ratios are then baseline ÷ ours.
            notes: by name, what stands beside a figure.

        Raises:
            KeyError: the baseline was not measured.
        """
        plain = found[baseline]
        return cls(
            title=title,
            unit=unit,
            baseline=baseline,
            figures=tuple(
                Figure(
                    name=name,
                    value=Spread.of(values),
                    ratio=Spread.of_ratios(values, plain) if more_is_better else Spread.of_ratios(plain, values),
                    note=(notes or {}).get(name, ""),
                )
                for name, values in found.items()
            ),
        )

    def figure(self, name: str) -> Figure:
        """The figure of this name.

        Raises:
            KeyError: there is none.
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


class BenchResult(_Frozen):
    """One run of one benchmark."""

    name: str
    title: str
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    machine: Machine = Field(default_factory=Machine.this)
    tables: tuple[Table, ...]
    limit: str = Field("", description="what this machine could do at most: bare decoding and inference")
    notes: tuple[str, ...] = ()
