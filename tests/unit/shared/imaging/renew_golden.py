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
from shared.imaging.preprocess import preprocess

GOLDEN = Path(__file__).parent / "golden"


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


if __name__ == "__main__":
    main()
