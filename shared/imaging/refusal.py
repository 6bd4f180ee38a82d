"""Words for files that no image reader takes: what they seem to hold instead."""

from shared.errors import UnreadableImageError
from shared.vocabulary import RefusalKind

_OURS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
}
_OTHERS = {
    b"GIF8": ("a GIF", RefusalKind.OTHER_FORMAT),
    b"%PDF": ("a PDF", RefusalKind.NOT_AN_IMAGE),
    b"PK\x03\x04": ("a ZIP archive", RefusalKind.NOT_AN_IMAGE),
    b"II+\x00": ("a BigTIFF", RefusalKind.OTHER_FORMAT),
    b"MM\x00+": ("a BigTIFF", RefusalKind.OTHER_FORMAT),
    b"\x00\x00\x00\x0cjP  ": ("a JPEG 2000", RefusalKind.OTHER_FORMAT),
    b"8BPS": ("a Photoshop file", RefusalKind.OTHER_FORMAT),
}
_PRINTABLE = frozenset(range(0x20, 0x7F)) | set(b"\t\r\n")
_ADVICE = "save the capture as JPEG, PNG, TIFF or BMP"


def unidentified(head: bytes) -> UnreadableImageError:
    """The error for a file that Pillow cannot identify, from its first bytes (256 are enough).

    The bytes themselves are never quoted: they may hold a patient's name.
    """
    for magic, name in _OURS.items():
        if head.startswith(magic):
            return UnreadableImageError(
                f"the file begins as a {name} but its header is damaged or says 0 pixels: copy it again"
            )
    for magic, (name, kind) in _OTHERS.items():
        if head.startswith(magic):
            return _not_read(name, kind)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _not_read("a WebP", RefusalKind.OTHER_FORMAT)
    if head[128:132] == b"DICM":
        return _not_read("a DICOM object", RefusalKind.OTHER_FORMAT)
    what = (
        "holds text, whatever its name says" if _PRINTABLE.issuperset(head) else "is not an image that Smearflow reads"
    )
    return UnreadableImageError(f"the file {what}: {_ADVICE}", RefusalKind.NOT_AN_IMAGE)


def _not_read(name: str, kind: RefusalKind) -> UnreadableImageError:
    return UnreadableImageError(f"the file is {name}, which Smearflow does not read: {_ADVICE}", kind)
