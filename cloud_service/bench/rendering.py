"""A benchmark's result as text for a terminal."""

from collections.abc import Iterator

from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.spread import Spread

_SMALL = 0.001


def text_of(result: BenchResult) -> str:
    """All that a result holds, a line a figure: median and quartiles, then the ratio and its quartiles."""
    return "\n".join(_lines(result))


def number(value: float) -> str:
    """Three significant digits, and thousands in groups; what is very small, as a power of ten."""
    if 0 < abs(value) < _SMALL:
        return f"{value:.1e}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3  # noqa: PLR2004 - digits
    return f"{value:,.{digits}f}"


def _lines(result: BenchResult) -> Iterator[str]:
    yield f"{result.title} ({result.at:%Y-%m-%d %H:%M} UTC)"
    yield f"  {result.machine.in_words}"
    yield "  " + ", ".join(f"{name} {version}" for name, version in result.machine.versions.items())
    for table in result.tables:
        yield ""
        yield from _table(table)
    if result.limit:
        yield ""
        yield f"Limit: {result.limit}"
    yield from result.notes


def _table(table: Table) -> Iterator[str]:
    against = f"; ratios against '{table.baseline}', above 1 is better" if table.baseline else ""
    yield f"{table.title}, {table.unit}{against}"
    width = max((len(figure.name) for figure in table.figures), default=0)
    for figure in table.figures:
        yield "  " + _figure(figure, width).rstrip()


def _figure(figure: Figure, width: int) -> str:
    ratio = "" if figure.ratio is None else f"   ratio {_spread(figure.ratio)}"
    return f"{figure.name:{width}}  {_spread(figure.value):28}{ratio}   {figure.note}"


def _spread(spread: Spread) -> str:
    if spread.rounds == 1:
        return number(spread.median)
    return f"{number(spread.median)} [{number(spread.lower)}, {number(spread.upper)}]"
