"""Settings of a network, and how the two contradictions of the SE-CNN's paper are read."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Filters = Annotated[int, Field(ge=1, le=1024)]
Backbone = Literal["se-cnn", "resnet34", "densenet121"]


class NetworkSettings(BaseModel):
    """What distinguishes one network of the family from another; part of every model card.

    The source is Bukhari et al. (2022), "A deep learning framework for leukemia cancer detection in microscopic blood
    samples using squeeze and excitation learning". The paper contradicts itself in two places; the defaults take
    the reading that fits the rest, and both readings can be set:

    - *Pooling stride.* The text says stride 1, but the feature maps it lists (222, then 52, then 26 pixels wide) shrink
      by half at each pooling, as they do with stride 2 only. Default: 2.
    - *Filters.* The text says 32, 64 and 128 filters; the listed maps are 16, 32 and 64 deep. Default: 32, 64, 128.

    The paper does not give the reduction ratio of the squeeze-and-excitation blocks; 16 is that of Hu et al. (2018),
    who introduced such blocks.

    All but `backbone` concern the SE-CNN. The other backbones are as their own papers have them, and a setting that
    would do nothing is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: Backbone = Field(
        default="se-cnn", description="The SE-CNN (and the traditional CNN), or a larger network to compare it with."
    )
    filters: tuple[Filters, Filters, Filters] = Field(
        default=(32, 64, 128), description="Convolution filters of the three blocks."
    )
    squeeze_excitation: bool = Field(
        default=True, description="Whether blocks recalibrate their channels; without it, the traditional CNN."
    )
    reduction: int = Field(default=16, ge=1, description="Ratio r by which the squeeze narrows the channels.")
    pooling_stride: Literal[1, 2] = Field(default=2, description="Stride of the 2x2 max pooling.")
    hidden_units: int = Field(default=128, ge=1, description="Units of the dense layer before the output.")

    @model_validator(mode="after")
    def _every_setting_counts(self) -> Self:
        if self.backbone != "se-cnn":
            fields = type(self).model_fields
            idle = [name for name in fields if name != "backbone" and getattr(self, name) != fields[name].default]
            if idle:
                raise ValueError(
                    f"{', '.join(idle)} can be set for the SE-CNN only and would do nothing in a {self.backbone}; "
                    "leave them out"
                )
        return self

    def squeezed(self, channels: int) -> int:
        """Width of the squeeze of a block with `channels` channels: C / r, at least 1."""
        return max(1, channels // self.reduction)
