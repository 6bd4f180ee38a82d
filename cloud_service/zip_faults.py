"""What Python's zipfile raises where a file is damaged or of a kind that it does not read.

Its documentation names BadZipFile alone; the others come from what it decompresses and decodes with. Damage that bz2
finds is an OSError, as is a place in the file where nothing can be: whoever reads must tell it from a full disk.
"""

import lzma
import zipfile
import zlib
from typing import Final

ZIP_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    UnicodeError,
    NotImplementedError,  # another way of compressing
)
