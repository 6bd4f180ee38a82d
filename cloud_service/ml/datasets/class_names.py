"""Which names of classes mean ALL (acute lymphoblastic leukemia) and which do not."""

from cloud_service.ml.datasets.samples import DatasetError

_ALL = frozenset({"all", "blast", "early", "lymphoblast", "pre", "pro", "suspicious", "1"})
_NOT_ALL = frozenset({"benign", "healthy", "hem", "no_blast_features", "normal", "not_all", "0"})


def is_all(class_name: str, where: str) -> bool:
    """Whether a class of this name holds images of ALL; capitals, hyphens and blanks do not count.

    Args:
        class_name: a folder's name or a manifest's label.
        where: what the name was found in, for the error's text.

    Raises:
        DatasetError: the name is not known.
    """
    plain = class_name.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in _ALL:
        return True
    if plain in _NOT_ALL:
        return False
    known = ", ".join(sorted(_ALL)), ", ".join(sorted(_NOT_ALL))
    raise DatasetError(
        f"{where}: the class {class_name!r} is not known. Names that mean ALL: {known[0]}; "
        f"names that do not: {known[1]}. Rename it to one of these, or, where it is a folder, say what it means in a "
        "classes.csv with the columns name and label beside the folders."
    )
