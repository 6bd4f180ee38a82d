"""Red cells and platelets as patches of optical density."""

import numpy as np

from cloud_service.ml.synthetic.parameters import Slide
from cloud_service.ml.synthetic.shapes import Grid, Plane, blob, cover, make_grid, noise

RED_RADIUS_UM = 3.6
"""Of a normal red cell on a dried smear (7 to 7.5 micrometres across)."""


def red_cell(rng: np.random.Generator, slide: Slide, radius: float) -> Plane:
    """Optical density, shape (3, n, n), of one red cell: a disc of haemoglobin, thin in its middle."""
    grid = make_grid(radius * 1.2, slide.pixel_size_um)
    depth = blob(grid, rng, radius, roughness=0.035, squash=float(rng.uniform(0.84, 1.0)))
    thickness = _biconcave(rng, depth, radius, slide.pallor)
    # light bent at the cell's edge leaves a thin bright line around it
    fringe = np.exp(-np.square((depth + np.float32(0.28)) / np.float32(0.16))) * np.float32(0.045)
    haemoglobin = cover(depth, 0.4) * thickness * np.float32(rng.normal(1.0, 0.07))
    density: Plane = _dyed(haemoglobin, slide.stain.eosin, slide.stain.strength) - fringe
    return density


def _biconcave(rng: np.random.Generator, depth: Plane, radius: float, pallor: float) -> Plane:
    rho = np.clip(np.float32(1.0) - depth / np.float32(radius), 0.0, 1.0)
    hollow = np.clip(rng.normal(pallor, 0.18), 0.0, 0.95)
    width = rng.uniform(0.34, 0.5)
    steepness = rng.choice((2.0, 3.0, 4.0))
    dip = np.exp(-np.power(rho / np.float32(width), np.float32(steepness)))
    rim = np.float32(0.1) * np.exp(-np.square((rho - np.float32(0.84)) / np.float32(0.1)))
    thickness: Plane = np.float32(0.95) - np.float32(hollow) * dip + rim
    return thickness


def platelet(rng: np.random.Generator, slide: Slide, radius: float) -> Plane:
    """Optical density, shape (3, n, n), of one platelet: a small, granular, purple body in a pale rim."""
    grid = make_grid(radius * 1.6, slide.pixel_size_um)
    depth = blob(grid, rng, radius, roughness=0.14, squash=float(rng.uniform(0.7, 1.0)))
    rim = cover(depth, 0.5) * np.float32(0.3)
    granules = cover(depth - np.float32(0.3 * radius), 0.7) * _speckles(grid, rng)
    return _dyed(rim, slide.stain.basophilia, slide.stain.strength) + _dyed(
        granules, slide.stain.azure, slide.stain.strength * 0.55
    )


def _speckles(grid: Grid, rng: np.random.Generator) -> Plane:
    speckles: Plane = np.clip(np.float32(0.65) + np.float32(0.4) * noise(grid, rng, 0.45), 0.1, 1.4)
    return speckles


def _dyed(amount: Plane, dye: tuple[float, float, float], strength: float) -> Plane:
    return amount[None] * (np.asarray(dye, np.float32) * np.float32(strength))[:, None, None]
