"""Outlines of nuclei: what tells white cells apart, and blasts from lymphocytes."""

from itertools import pairwise

import numpy as np

from cloud_service.ml.synthetic.shapes import Grid, Plane, Point, blob, capsule, direction


def round_nucleus(grid: Grid, rng: np.random.Generator, cell: float) -> Plane:
    """A mature lymphocyte's: round, at most a shallow dent, filling most of a small cell."""
    radius = cell * float(rng.uniform(0.84, 0.92))
    depth = blob(
        grid,
        rng,
        radius,
        roughness=0.02,
        squash=float(rng.uniform(0.9, 1.0)),
        centre=direction(rng, (cell - radius) * 0.6),
    )
    if rng.random() < 0.3:  # noqa: PLR2004 - part of the lymphocytes with a dent
        depth = _dented(grid, rng, depth, radius, 0.18)
    return depth


def blast_nucleus(grid: Grid, rng: np.random.Generator, cell: float) -> Plane:
    """A lymphoblast's: nearly the whole cell, of irregular outline, often cleft or folded."""
    radius = cell * float(rng.uniform(0.88, 0.95))
    depth = blob(
        grid,
        rng,
        radius,
        roughness=float(rng.uniform(0.08, 0.17)),
        squash=float(rng.uniform(0.82, 1.0)),
        centre=direction(rng, (cell - radius) * 0.8),
    )
    for _ in range(int(rng.choice((0, 1, 1, 2)))):
        depth = np.minimum(depth, -_cleft(grid, rng, radius))
    return depth


def lobed_nucleus(grid: Grid, rng: np.random.Generator, cell: float) -> Plane:
    """A neutrophil's: three to five lobes on an arc, joined by strands."""
    return _lobes(grid, rng, cell, count=int(rng.integers(3, 6)), size=0.27)


def bilobed_nucleus(grid: Grid, rng: np.random.Generator, cell: float) -> Plane:
    """An eosinophil's: two lobes, spectacle-like."""
    return _lobes(grid, rng, cell, count=2, size=0.38)


def kidney_nucleus(grid: Grid, rng: np.random.Generator, cell: float) -> Plane:
    """A monocyte's: a large bean, deeply dented on one side."""
    radius = cell * float(rng.uniform(0.62, 0.74))
    depth = blob(grid, rng, radius, roughness=0.05, squash=float(rng.uniform(0.8, 1.0)))
    return _dented(grid, rng, depth, radius, float(rng.uniform(0.4, 0.75)))


def _dented(grid: Grid, rng: np.random.Generator, depth: Plane, radius: float, part: float) -> Plane:
    """Take a round bite out of one side; it reaches `part` of the radius inwards."""
    bite = radius * 0.55
    x, y = direction(rng, radius + bite - part * radius)
    outside = np.hypot(grid.x - np.float32(x), grid.y - np.float32(y)) - np.float32(bite)
    dented: Plane = np.minimum(depth, outside)
    return dented


def _cleft(grid: Grid, rng: np.random.Generator, radius: float) -> Plane:
    start = direction(rng, radius * 1.05)
    inwards = float(rng.uniform(0.3, 0.65))
    sideways = direction(rng, radius * 0.15)
    end = (start[0] * (1 - inwards) + sideways[0], start[1] * (1 - inwards) + sideways[1])
    return capsule(grid, start, end, float(rng.uniform(0.25, 0.6)), taper=0.05)


def _lobes(grid: Grid, rng: np.random.Generator, cell: float, *, count: int, size: float) -> Plane:
    turn, opening = float(rng.uniform(0.0, 2 * np.pi)), float(rng.uniform(0.75, 1.05))
    centres: list[Point] = []
    for index in range(count):
        angle = turn + opening * 2 * np.pi / max(count, 3) * index
        reach = cell * float(rng.uniform(0.34, 0.5))
        centres.append((float(reach * np.cos(angle)), float(reach * np.sin(angle))))
    lobes = [
        blob(grid, rng, cell * size * float(rng.uniform(0.85, 1.15)), roughness=0.08, squash=0.8, centre=centre)
        for centre in centres
    ]
    strands = [capsule(grid, a, b, float(rng.uniform(0.25, 0.6))) for a, b in pairwise(centres)]
    union: Plane = np.maximum.reduce([*lobes, *strands])
    return union
