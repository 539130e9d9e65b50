"""The content store: a blob is named by the SHA-256 of its bytes, so equal content is kept once and never changes."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from av_models.domain.errors import InputError, LostError, ResourceError
from av_models.domain.media import MediaRef

from .disk import disk_errors, new_file

__all__ = ["Store"]

_CHUNK_BYTES = 1 << 20
_AGAIN = "Run the same command again: what is missing is made anew."

_log = logging.getLogger(__name__)


class Store:
    """Blobs under `root`/blobs, folders of unfinished work under `root`/work. Safe for many writers at once."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def put_bytes(self, data: bytes, suffix: str) -> MediaRef:
        """Keep `data`. suffix: with its dot. Errors: ResourceError (disk full), InputError (folder not writable)."""
        ref = MediaRef(hashlib.sha256(data).hexdigest(), suffix)
        if not self.has(ref):
            with new_file(self._place(ref), len(data)) as part:
                part.write_bytes(data)
        return ref

    def put_file(self, path: Path, suffix: str | None = None) -> MediaRef:
        """Keep a copy of the file, in constant memory. suffix: the file's own, in lower case, unless given."""
        if suffix is None:
            suffix = path.suffix.lower()
        n_bytes = path.stat().st_size
        ref = MediaRef(_digest_of(path), suffix)
        if not self.has(ref):
            with new_file(self._place(ref), n_bytes) as part:
                if _copy(path, part) != ref.digest:
                    raise ResourceError(f"{path} changed while it was read.", "Run again when it is complete.")
        return ref

    def has(self, ref: MediaRef) -> bool:
        return self._place(ref).is_file()

    def path(self, ref: MediaRef) -> Path:
        """Where the blob lies; read only, and not read by this. Errors: LostError when it is gone."""
        place = self._place(ref)
        if not place.is_file():
            raise LostError(f"The store {self.root} no longer holds {ref.digest[:12]}{ref.suffix}.", _AGAIN)
        return place

    def forget_damaged(self, ref: MediaRef) -> bool:
        """Remove the blob if its bytes are no longer those of its name; all of it is read. True if it was removed.

        As long as it stood there it would count as kept, and nothing would ever make it again.
        """
        place = self._place(ref)
        if not place.is_file() or _digest_of(place) == ref.digest:
            return False
        _log.warning("%s is damaged (%d bytes are left of it): it is forgotten.", place, place.stat().st_size)
        place.unlink(missing_ok=True)
        return True

    def damage(self, refs: Iterable[MediaRef]) -> LostError | None:
        """The error to raise if some of these blobs are damaged, which are forgotten; None if all are well or gone."""
        names = [f"{ref.digest[:12]}{ref.suffix}" for ref in refs if self.forget_damaged(ref)]
        if not names:
            return None
        return LostError(f"The store {self.root} held damaged files, cut short or changed: {', '.join(names)}.", _AGAIN)

    def read_bytes(self, ref: MediaRef) -> bytes:
        """Errors: LostError when the blob is gone or damaged."""
        data = self.path(ref).read_bytes()
        if hashlib.sha256(data).hexdigest() != ref.digest and (error := self.damage([ref])):
            raise error
        return data

    def put_arrays(self, **arrays: ArrayLike) -> MediaRef:
        """Keep arrays as .npz without compression. Equal arrays (name, dtype, shape, values) give equal digests."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(arrays):
                # The default date of ZipInfo is fixed (1980), so the bytes depend on the content alone.
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    _write_array(member, arrays[name])
        return self.put_bytes(data.getvalue(), ".npz")

    def arrays(self, ref: MediaRef) -> dict[str, NDArray[Any]]:
        """Errors: LostError when the blob is gone or damaged."""
        try:
            with np.load(self.path(ref), allow_pickle=False) as archive:
                return dict(archive)
        except LostError:
            raise
        except Exception as error:  # numpy, zipfile and zlib each have their own for bytes that are not there
            if lost := self.damage([ref]):
                raise lost from error
            raise

    def put_json(self, value: object) -> MediaRef:
        """Keep a JSON value; keys are sorted, so that equal values give equal digests."""
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return self.put_bytes(f"{text}\n".encode(), ".json")

    def json(self, ref: MediaRef) -> Any:
        return json.loads(self.read_bytes(ref))

    def workdir(self, key: str) -> Path:
        """A folder for work that can be taken up again, made if absent. key: letters, digits, '-', '_' and '.'."""
        if not re.fullmatch(r"[\w-][\w.-]*", key, re.ASCII):
            raise InputError(f"{key!r} cannot name a working folder.", "Use letters, digits, '-', '_' and '.' only.")
        folder = self.root / "work" / key
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _place(self, ref: MediaRef) -> Path:
        return self.root / "blobs" / ref.digest[:2] / f"{ref.digest}{ref.suffix}"


def _digest_of(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> str:
    """Copy in constant memory; the digest of what was really copied, in hex."""
    digest = hashlib.sha256()
    with open(source, "rb") as reader, open(target, "wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


def _write_array(member: IO[bytes], value: ArrayLike) -> None:
    array = np.asarray(value, order="C")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    np.lib.format.write_array(member, little, allow_pickle=False)
