"""From settings to a network."""

from cloud_service.ml.network.contract import Network
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings


def build_network(settings: NetworkSettings) -> Network:
    """A network as `settings` say, with fresh weights from torch's global source of chance.

    MONAI is imported only where one of its networks is asked for.
    """
    match settings.backbone:
        case "se-cnn":
            return SECNN(settings)
        case "resnet34":
            from cloud_service.ml.network.backbones import ResNet34  # noqa: PLC0415 - only if chosen

            return ResNet34(settings)
        case "densenet121":
            from cloud_service.ml.network.backbones import DenseNet121  # noqa: PLC0415 - only if chosen

            return DenseNet121(settings)
