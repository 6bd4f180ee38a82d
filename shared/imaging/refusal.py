"""Words for files that no image reader takes: what they seem to hold instead."""

_OURS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
}
_OTHERS = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"II+\x00": "a BigTIFF",
    b"MM\x00+": "a BigTIFF",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000",
    b"8BPS": "a Photoshop file",
}
_PRINTABLE = frozenset(range(0x20, 0x7F)) | set(b"\t\r\n")
_ADVICE = "save the capture as JPEG, PNG, TIFF or BMP"


def name_contents(head: bytes) -> str:
    """The reason for a file that Pillow cannot identify, from its first bytes (256 are enough).

    The bytes themselves are never quoted: they may hold a patient's name.
    """
    for magic, name in _OURS.items():
        if head.startswith(magic):
            return f"the file begins as a {name} but its header is damaged or says 0 pixels: copy it again"
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            return f"the file is {name}, which Smearflow does not read: {_ADVICE}"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return f"the file is a WebP, which Smearflow does not read: {_ADVICE}"
    if head[128:132] == b"DICM":
        return f"the file is a DICOM object, which Smearflow does not read: {_ADVICE}"
    if _PRINTABLE.issuperset(head):
        return f"the file holds text, whatever its name says: {_ADVICE}"
    return f"the file is not an image that Smearflow reads: {_ADVICE}"
