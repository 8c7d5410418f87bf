"""The package behind the book "Is the Dog Already There?".

Imports point one way: seeds -> data -> tasks, networks -> yardstick -> training -> readings,
counting -> ladder -> claims, plots -> notebooks.
"""

import hashlib
from pathlib import Path

__version__ = "0.1.0"

#: Tells a notebook's setup cell that it found this package and no other module of the same name.
BOOK = "is-the-dog-already-there"


def fingerprint() -> str:
    """Sixteen hexadecimal digits of a hash of every file of this package, code and results.

    A student's notebook carries the one it was made with: a package installed last term has the
    same name, and maybe the same version. Line ends do not count, since git changes them.

    >>> len(fingerprint())
    16
    """
    digest, root = hashlib.sha256(), Path(__file__).parent
    for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).as_posix()):
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts):
            content = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:16]
