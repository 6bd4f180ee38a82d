"""Where the last feature map of a network lies on the image."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapGrid:
    """Where the positions of a feature map lie on the image: number k, from 0, is centred on start + (k + 1/2)·stride.

    Both are in pixels of the network's input, counted from its left or upper edge, and hold for width and height alike.
    """

    start: float
    stride: float
