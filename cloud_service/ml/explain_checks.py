"""How far a model's explanations may be believed, in figures.

Two checks. A map must depend on what was learnt: with random weights it must become another (Adebayo et al., 2018,
"Sanity checks for saliency maps"). And it must fall on the cells that the answer is about, which procedural fields have
at known places; a model that was never trained on such fields need not pass the second.
"""

import copy
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from monai.metrics.regression import SSIMMetric
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict
from scipy.stats import spearmanr
from torch import nn

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.explain import Evidence, Explainer
from cloud_service.ml.synthetic.parameters import SmearLabel, draw_field
from cloud_service.ml.synthetic.smear import SyntheticImage, make_field
from cloud_service.ml.synthetic.white_cells import CellKind
from shared.imaging.framing import frame_of
from shared.imaging.preprocess import PreprocessSpec, preprocess

FIRST_SEED = 900_000
"""Of the fields; far from the seeds that training draws by default."""

Places = NDArray[np.bool_]
"""(S, S): which pixels of the network's square lie in a cell that counts."""

_FIELD_SIZE = (1296, 972)
_BLASTS = frozenset({CellKind.LYMPHOBLAST})
_DRAWS = 3  # of random weights
_WHITE_CELLS = frozenset(CellKind) - {CellKind.RED, CellKind.PLATELET}


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Localisation(_Figures):
    """Where the evidence lies in procedural fields, whatever the model answered; each a mean over the fields."""

    fields: int
    strongest_inside: float  # share of the fields whose strongest place lies in a cell that counts ("pointing game")
    evidence_inside: float  # share of all evidence that lies in such cells
    area_inside: float  # share of the image that such cells cover: what both would be by chance


class Randomisation(_Figures):
    """How alike a model's maps are to those of its network with weights drawn anew; means over fields and draws."""

    weights: str  # which were drawn anew: "last layers", those that judge the features, or "all layers"
    rank_correlation: float  # Spearman's; 1 alike, 0 unrelated
    similarity: float  # structural similarity of Wang et al. (2004); 1 alike, 0 unrelated


class ExplanationChecks(_Figures):
    """Both checks of one model."""

    on_blasts: Localisation  # evidence for ALL, in fields with blasts
    on_white_cells: Localisation  # evidence against ALL, in fields without blasts
    randomised: tuple[Randomisation, ...]


@dataclass(frozen=True, slots=True)
class LocatedField:
    """A procedural field in the network's square."""

    pixels: NDArray[np.uint8]  # (S, S, 3), as `preprocess` gives them
    inside: Places


def check_explanations(
    network: DeployedNetwork, spec: PreprocessSpec, *, fields: int, on_field: Callable[[], None] = lambda: None
) -> ExplanationChecks:
    """Both checks, on `fields` procedural fields with blasts and as many without.

    Args:
        network: is left as it is.
        spec: how a field comes into the network's square.
        fields: 1 or more.
        on_field: called as each of the 2·fields is drawn.
    """
    with_blasts = list(_fields("all", fields, spec, _BLASTS, on_field))
    without = list(_fields("not_all", fields, spec, _WHITE_CELLS, on_field))
    maps = _maps(network, with_blasts, for_all=True)
    return ExplanationChecks(
        on_blasts=localise(maps, [field.inside for field in with_blasts]),
        on_white_cells=localise(_maps(network, without, for_all=False), [field.inside for field in without]),
        randomised=tuple(_randomised(network, with_blasts, maps, last_only=last_only) for last_only in (True, False)),
    )


def localise(maps: Sequence[Evidence], inside: Sequence[Places]) -> Localisation:
    """How much of the evidence lies inside; a map without any evidence counts as a miss.

    Args:
        maps: (S, S) each, one or more.
        inside: the places that count, one for each map.
    """
    strongest, shares = [], []
    for evidence, places in zip(maps, inside, strict=True):
        total = float(evidence.sum())
        strongest.append(total > 0 and bool(places.flat[evidence.argmax()]))
        shares.append(float(evidence[places].sum()) / total if total > 0 else 0.0)
    return Localisation(
        fields=len(strongest),
        strongest_inside=float(np.mean(strongest)),
        evidence_inside=float(np.mean(shares)),
        area_inside=float(np.mean([places.mean() for places in inside])),
    )


def rank_correlation(first: Evidence, second: Evidence) -> float:
    """Spearman's correlation of two maps; 0 where one says the same of every place, since it then orders nothing."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first, second, axis=None).statistic)


def with_random_weights(network: DeployedNetwork, *, last_only: bool, seed: int) -> DeployedNetwork:
    """A copy with weights as before any training: of the layers that judge the features, or of all."""
    copied = copy.deepcopy(network)
    drawn = list(copied.network.children())[-1] if last_only else copied.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in drawn.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                layer.reset_parameters()
    return copied


def located(field: SyntheticImage, spec: PreprocessSpec, kinds: Collection[CellKind]) -> LocatedField:
    """A field as the network gets it, and where in it cells of `kinds` lie."""
    height, width = field.image.shape[:2]
    file = io.BytesIO()
    Image.fromarray(field.image).save(file, "BMP")
    frame = frame_of(width, height, spec.size, spec.border)
    left, top, right, bottom = frame.taken
    across, down, end_across, end_down = frame.shown
    places = np.arange(spec.size) + 0.5
    x = left + (places - across) / (end_across - across) * (right - left)
    y = top + (places - down) / (end_down - down) * (bottom - top)
    inside = np.zeros((spec.size, spec.size), dtype=np.bool_)
    for cell in field.cells:
        if cell.kind in kinds:
            inside |= np.hypot(x[None, :] - cell.x, y[:, None] - cell.y) <= cell.radius
    return LocatedField(pixels=preprocess(file.getvalue(), spec), inside=inside)


def _fields(
    label: SmearLabel, count: int, spec: PreprocessSpec, kinds: Collection[CellKind], on_field: Callable[[], None]
) -> Iterator[LocatedField]:
    width, height = _FIELD_SIZE
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        on_field()
        yield located(make_field(seed, draw_field(seed, label, width=width, height=height)), spec, kinds)


def _maps(network: DeployedNetwork, fields: Sequence[LocatedField], *, for_all: bool) -> list[Evidence]:
    explainer = Explainer(copy.deepcopy(network))  # which keeps MONAI's hooks
    return [explainer.evidence(field.pixels, for_all=for_all) for field in fields]


def _randomised(
    network: DeployedNetwork, fields: Sequence[LocatedField], maps: Sequence[Evidence], *, last_only: bool
) -> Randomisation:
    pairs = [
        pair
        for seed in range(_DRAWS)
        for pair in zip(
            maps, _maps(with_random_weights(network, last_only=last_only, seed=seed), fields, for_all=True), strict=True
        )
    ]
    first, second = (torch.from_numpy(np.stack(side))[:, None] for side in zip(*pairs, strict=True))
    return Randomisation(
        weights="last layers" if last_only else "all layers",
        rank_correlation=float(np.mean([rank_correlation(*pair) for pair in pairs])),
        similarity=cast("torch.Tensor", SSIMMetric(spatial_dims=2)(first, second)).mean().item(),
    )
