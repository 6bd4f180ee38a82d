"""Larger networks to compare the SE-CNN with, from the library MONAI.

ResNet-34 and DenseNet-121 are the backbones of the screening system of Bibi et al. (2020), which Bukhari et al. (2022)
cite. Both start from random weights here; that system started from weights learnt on photographs, which MONAI does not
bring and this project does not fetch.
"""

from typing import cast

from monai.networks.nets.densenet import DenseNet121 as MonaiDenseNet121
from monai.networks.nets.resnet import resnet34
from torch import Tensor, nn

from cloud_service.ml.network.contract import COLOUR_CHANNELS, Network
from cloud_service.ml.network.map_grid import MapGrid
from cloud_service.ml.network.settings import NetworkSettings


class ResNet34(Network):
    """ResNet-34 of He et al. (2016), table 1, with one output.

    Features are its globally averaged last map (512).

    Args:
        settings: with the backbone "resnet34"; 21,285,185 parameters.
    """

    map_layer = "body.layer4"
    map_grid = MapGrid(start=-15.5, stride=32.0)  # padded layers of odd width and stride 2 look at pixels 0, 32, 64, …

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        # Stride of the first layer and bias as in the paper; MONAI's defaults are those of its networks for volumes.
        self.body = resnet34(
            spatial_dims=2,
            n_input_channels=COLOUR_CHANNELS,
            conv1_t_stride=2,
            bias_downsample=False,
            feed_forward=False,
        )
        self.output = nn.Linear(512, 1)

    def feature_map(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → the last stage's map (N, 512, H', W')."""
        body = self.body
        stem = body.maxpool(body.act(body.bn1(body.conv1(images))))
        return cast("Tensor", body.layer4(body.layer3(body.layer2(body.layer1(stem)))))

    def pool(self, feature_map: Tensor) -> Tensor:
        """The map (N, 512, H', W') → features (N, 512), its means."""
        return cast("Tensor", self.body.avgpool(feature_map)).flatten(1)

    def classify(self, features: Tensor) -> Tensor:
        """Features (N, 512) → logits (N,)."""
        return cast("Tensor", self.output(features)).squeeze(1)

    def slopes(self, features: Tensor) -> Tensor:
        """The gradient of each logit by its features (N, F): the output's weights, whatever the features are."""
        return self.output.weight.expand_as(features)


class DenseNet121(Network):
    """DenseNet-121 of Huang et al. (2017), table 1, with one output.

    Features are its globally averaged last map (1024).

    Args:
        settings: with the backbone "densenet121"; 6,954,881 parameters.
    """

    map_layer = "body.class_layers.relu"
    map_grid = MapGrid(start=-1.5, stride=32.0)  # as in a ResNet at first; its poolings 2x2 then move by 2 + 4 + 8

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.body = MonaiDenseNet121(spatial_dims=2, in_channels=COLOUR_CHANNELS, out_channels=1)
        self.body.class_layers.out = nn.Identity()  # its own last layer; `output` stands in for it
        self.output = nn.Linear(1024, 1)

    def feature_map(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → the last block's map behind its ReLU (N, 1024, H', W')."""
        return cast("Tensor", self.body.get_submodule("class_layers.relu")(self.body.features(images)))

    def pool(self, feature_map: Tensor) -> Tensor:
        """The map (N, 1024, H', W') → features (N, 1024), its means."""
        return cast("Tensor", self.body.get_submodule("class_layers.pool")(feature_map)).flatten(1)

    def classify(self, features: Tensor) -> Tensor:
        """Features (N, 1024) → logits (N,)."""
        return cast("Tensor", self.output(features)).squeeze(1)

    def slopes(self, features: Tensor) -> Tensor:
        """The gradient of each logit by its features (N, F): the output's weights, whatever the features are."""
        return self.output.weight.expand_as(features)
