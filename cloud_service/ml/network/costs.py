"""What a network costs: its parameters, and the multiply-accumulates that one image takes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.contract import COLOUR_CHANNELS
from cloud_service.ml.network.settings import NetworkSettings

_OPERATIONS_OF_ONE = 2  # torch counts a multiplication and an addition as two operations


class LayerCost(BaseModel):
    """One layer that has parameters."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str  # its class, as torch calls it
    output: tuple[int, ...]  # the shape that it gives for one image
    parameters: int
    multiply_accumulates: int


class NetworkCost(BaseModel):
    """A whole network; the sums over its layers."""

    model_config = ConfigDict(frozen=True)

    network: NetworkSettings
    size: int  # width and height of the image, pixels
    parameters: int
    multiply_accumulates: int
    layers: tuple[LayerCost, ...]


def cost_of(settings: NetworkSettings, size: int) -> NetworkCost:
    """Counts a network's parameters, and its multiply-accumulates for one image of `size` by `size` pixels.

    Multiply-accumulates are those of convolutions and dense layers. What works value by value (BatchNorm, ReLU,
    scaling by squeeze-and-excitation, pooling) is left out, as is usual; it adds about 1 % to the SE-CNN's sum.
    Nothing is computed: torch follows the shapes alone.
    """
    with torch.device("meta"):
        network = build_network(settings).eval()
        image = torch.empty(1, COLOUR_CHANNELS, size, size)
    layers = {name: layer for name, layer in network.named_modules() if [*layer.parameters(recurse=False)]}
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), _shapes_noted(layers) as shapes, counter:
        network(image)
    operations = {name.partition(".")[2]: sum(counts.values()) for name, counts in counter.get_flop_counts().items()}
    costs = tuple(
        LayerCost(
            name=name,
            kind=type(layer).__name__,
            output=shapes[name],
            parameters=sum(parameter.numel() for parameter in layer.parameters(recurse=False)),
            multiply_accumulates=operations.get(name, 0) // _OPERATIONS_OF_ONE,
        )
        for name, layer in layers.items()
    )
    return NetworkCost(
        network=settings,
        size=size,
        parameters=sum(cost.parameters for cost in costs),
        multiply_accumulates=sum(cost.multiply_accumulates for cost in costs),
        layers=costs,
    )


@contextmanager
def _shapes_noted(layers: dict[str, nn.Module]) -> Iterator[dict[str, tuple[int, ...]]]:
    """Gives the shape, without the batch, of what each layer gave while the context was open."""
    shapes: dict[str, tuple[int, ...]] = {}

    def noting(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def note(_layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
            shapes[name] = tuple(output.shape[1:])

        return layer.register_forward_hook(note)

    with ExitStack() as stack:
        for name, layer in layers.items():
            stack.callback(noting(name, layer).remove)
        yield shapes
