"""Where a network or a property lies that a sidecar knows only by its hash.

Compiling leaves a note of the path in the user's cache, never in an artefact; whatever is found is
believed only if its hash is right.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from mipc.errors import InputError
from mipc.milp.files import write_atomic
from mipc.properties.inputs import user_cache

__all__ = ["find", "remember"]


def remember(path: Path, sha256: str) -> None:
    """Note where a file lies; silently not, where the cache cannot be written."""
    with suppress(OSError, InputError):
        _notes().mkdir(parents=True, exist_ok=True)
        write_atomic(_notes() / sha256, os.fsencode(path.resolve()))


def find(name: str, sha256: str, folder: Path, option: str = "--model") -> Path:
    """The file with that hash: beside the sidecar, in the current folder, or where it was.

    Raises
    ------
    InputError
        It is in none of these places.
    """
    places = [folder / Path(name).name, Path(Path(name).name)]
    with suppress(OSError, ValueError):
        places.append(Path(os.fsdecode((_notes() / sha256).read_bytes())))
    for place in places:
        with suppress(OSError, ValueError):
            if hashlib.sha256(place.read_bytes()).hexdigest() == sha256:
                return place
    raise InputError(
        f"the file {name!r} with hash {sha256[:12]}... was not found",
        remedy=f"say where it is with {option}",
    )


def _notes() -> Path:
    return user_cache() / "networks"
