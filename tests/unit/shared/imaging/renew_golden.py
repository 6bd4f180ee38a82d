"""Write the golden digests again: `python tests/unit/shared/imaging/renew_golden.py [--images]`.

With --images the procedural JPEG files are made anew, too; without it only their digests are.
"""

import hashlib
import json
import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[4]))

from cloud_service.ml.synthetic.parameters import draw_crop, draw_field
from cloud_service.ml.synthetic.smear import make_crop, make_field
from shared.imaging.framing import CornerMask
from shared.imaging.preprocess import PreprocessSpec, preprocess
from shared.imaging.stain import Background, Reinhard

GOLDEN = Path(__file__).parent / "golden"

_MASK = CornerMask(corners=("bottom-right", "top-left"), width=0.16, height=0.14)
_REINHARD = Reinhard(mean=(-0.2, 0.01, 0.005), deviation=(0.12, 0.02, 0.01))

SPECS = {
    "mask": PreprocessSpec(corner_mask=_MASK),
    "pad": PreprocessSpec(border="pad", border_fill=(250, 240, 230)),
    "crop": PreprocessSpec(border="crop"),
    "reinhard": PreprocessSpec(stain_normalisation=_REINHARD),
    "background": PreprocessSpec(stain_normalisation=Background()),
    "all together": PreprocessSpec(border="pad", corner_mask=_MASK, stain_normalisation=_REINHARD),
}
"""Settings that have golden digests of their own, all of field.jpg, which is not square."""


def make_images() -> None:
    field = Image.fromarray(make_field(3, draw_field(3, "all", width=1200, height=900)).image)
    field.save(GOLDEN / "field.jpg", quality=60)
    crop = Image.fromarray(make_crop(4, draw_crop(4), "all").image)
    crop.save(GOLDEN / "crop.jpg", quality=85)
    crop.convert("L").save(GOLDEN / "grey.jpg", quality=80, progressive=True)


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    if "--images" in sys.argv:
        make_images()
    digests = {
        path.name: hashlib.sha256(preprocess(path).tobytes()).hexdigest() for path in sorted(GOLDEN.glob("*.jpg"))
    }
    (GOLDEN / "digests.json").write_text(json.dumps(digests, indent=2) + "\n")
    of_specs = {
        name: hashlib.sha256(preprocess(GOLDEN / "field.jpg", spec).tobytes()).hexdigest()
        for name, spec in SPECS.items()
    }
    (GOLDEN / "digests_of_specs.json").write_text(json.dumps(of_specs, indent=2) + "\n")


if __name__ == "__main__":
    main()
