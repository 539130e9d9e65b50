"""The acoustic model that comes with pocketsphinx, read for scores of our own: how well a state fits a moment.

Phonetically tied mixtures: for every phone a codebook of 128 Gaussians for each of three streams (cepstra, first and
second differences), and for every tied state (senone) its weights of them. The formats are those of SphinxTrain.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError
from av_models.speech.phones import packaged_path

__all__ = ["NOISES", "SILENT", "AcousticModel", "acoustic_model"]

Array = NDArray[np.float32]

SILENT = "SIL"
NOISES = ("+NSN+", "+SPN+")
_FOLDER = "model/en-us/en-us"
_INSIDE, _BEGIN, _END, _SINGLE = range(4)
_RADIX = 64  # of the key that a phone's place, itself and its neighbours make
_ORDER_MARK = 0x11223344
# A weight is kept as a byte q: ln w = -1024 q ln 1.0001.
_LN_PER_STEP = 1024 * float(np.log(1.0001))


@dataclass(frozen=True, slots=True)
class AcousticModel:
    """phones: name -> number.  means, precisions: (codebooks, streams, 128, 13).  constants: (codebooks, streams, 128).

    weights: (streams, 128, senones), not logarithms.  codebook_of: (senones,).  sequences: (kinds, 3) senones.
    moves: (matrices, 3, 2) log probability to stay and to go on.  alone: (phones, 2) sequence and matrix of a phone by
    itself.  contexts: sorted keys of triphones.  context_rows: (triphones, 2) their sequence and matrix.
    """

    phones: Mapping[str, int]
    means: Array
    precisions: Array
    constants: Array
    weights: Array
    codebook_of: NDArray[np.int64]
    sequences: NDArray[np.int64]
    moves: Array
    alone: NDArray[np.int64]
    contexts: NDArray[np.int64]
    context_rows: NDArray[np.int64]

    def states(self, phone: str, before: str, after: str, first: bool, last: bool) -> tuple[tuple[int, ...], int]:
        """Senones of the three states and the number of the transition matrix, of a phone between its neighbours.

        first, last: whether it begins or ends its word. Without such a triphone, of the next best.
        """
        here, left, right = (self.phones[name] for name in (phone, before, after))
        if phone not in (SILENT, *NOISES):
            place = _SINGLE if first and last else _BEGIN if first else _END if last else _INSIDE
            for position in (place, *(p for p in (_INSIDE, _BEGIN, _END, _SINGLE) if p != place)):
                key = ((position * _RADIX + here) * _RADIX + left) * _RADIX + right
                row = int(np.searchsorted(self.contexts, key))
                if row < len(self.contexts) and self.contexts[row] == key:
                    sequence, matrix = self.context_rows[row]
                    return tuple(int(s) for s in self.sequences[sequence]), int(matrix)
        sequence, matrix = self.alone[here]
        return tuple(int(s) for s in self.sequences[sequence]), int(matrix)

    def densities(self, features: Array, codebook: int) -> Array:
        """(streams, frames, 128) log densities of features (frames, 39)."""
        streams = features.reshape(len(features), 3, -1).transpose(1, 0, 2)
        means, precisions = self.means[codebook], self.precisions[codebook]
        squared = np.square(streams) @ precisions.transpose(0, 2, 1)
        crossed = streams @ (means * precisions).transpose(0, 2, 1)
        return np.asarray(crossed - 0.5 * squared + self.constants[codebook][:, None, :])

    def scores(self, features: Array, senones: Sequence[int] | NDArray[np.int64]) -> Array:
        """(frames, senones) log likelihoods, in the order asked for."""
        wanted = np.asarray(senones, dtype=np.int64)
        found = np.empty((len(features), len(wanted)), dtype=np.float32)
        for codebook in np.unique(self.codebook_of[wanted]):
            columns = np.flatnonzero(self.codebook_of[wanted] == codebook)
            densities = self.densities(features, int(codebook))
            peak = densities.max(axis=2, keepdims=True)
            mixed = np.exp(densities - peak) @ self.weights[:, :, wanted[columns]]
            found[:, columns] = (np.log(mixed + 1e-30) + peak).sum(axis=0)
        return found


@lru_cache(maxsize=1)
def acoustic_model() -> AcousticModel:
    """Read once from the installed package. ModelError when it is missing or of another kind."""
    folder = packaged_path("pocketsphinx", _FOLDER)
    try:
        return _read(folder)
    except (OSError, ValueError, struct.error, IndexError) as error:
        remedy = "Install it again: pip install --force-reinstall 'pocketsphinx>=5.1,<6'."
        raise ModelError(f"The acoustic model in {folder} cannot be read ({error}).", remedy) from error


def _read(folder: Path) -> AcousticModel:
    names, numbers, entries, sequences, codebook_of = _read_definition((folder / "mdef").read_bytes())
    means, variances = (_read_gaussians(folder / name) for name in ("means", "variances"))
    variances = np.maximum(variances, 1e-4)
    constants = -0.5 * (np.log(2 * np.pi * variances).sum(axis=3) + (means**2 / variances).sum(axis=3))
    n_senones = numbers["n_sen"]
    packed = np.frombuffer((folder / "sendump").read_bytes()[-3 * means.shape[2] * n_senones :], np.uint8)
    weights = np.exp(-packed.reshape(3, means.shape[2], n_senones).astype(np.float32) * _LN_PER_STEP)
    alone = entries[: numbers["n_ciphone"]]
    others = entries[numbers["n_ciphone"] :]
    place, here, left, right = (others[:, column].astype(np.int64) for column in range(2, 6))
    keys = ((place * _RADIX + here) * _RADIX + left) * _RADIX + right
    order = np.argsort(keys)
    return AcousticModel(
        {name: number for number, name in enumerate(names)},
        means,
        (1 / variances).astype(np.float32),
        constants.astype(np.float32),
        weights,
        codebook_of,
        sequences,
        _read_moves(folder / "transition_matrices"),
        alone[:, :2],
        keys[order],
        others[order, :2],
    )


def _read_definition(
    data: bytes,
) -> tuple[list[str], dict[str, int], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Names of phones, counts, (phones, 6) sequence, matrix, place and context, senone sequences, codebooks."""
    if data[:4] != b"BMDF":
        raise ValueError("mdef is not a binary model definition")
    at = 12 + struct.unpack_from("<i", data, 8)[0]
    fields = ("n_ciphone", "n_phone", "n_emit", "n_ci_sen", "n_sen", "n_tmat", "n_sseq", "n_ctx", "n_cd_tree", "sil")
    numbers = dict(zip(fields, struct.unpack_from(f"<{len(fields)}i", data, at), strict=True))
    at += 4 * len(fields)
    names = []
    for _ in range(numbers["n_ciphone"]):
        end = data.index(b"\0", at)
        names.append(data[at:end].decode("ascii"))
        at = end + 1
    at += -at % 4 if (at % 4) else 0
    at += 8 * numbers["n_cd_tree"]
    kind = np.dtype([("sequence", "<i4"), ("matrix", "<i4"), ("context", "u1", 4)])
    phones = np.frombuffer(data, kind, numbers["n_phone"], at)
    at += phones.nbytes
    sequences = np.frombuffer(data, "<u2", 3 * numbers["n_sseq"], at + 4).reshape(-1, 3).astype(np.int64)
    entries = np.column_stack([phones["sequence"], phones["matrix"], phones["context"].astype(np.int64)])
    codebook_of = np.zeros(numbers["n_sen"], dtype=np.int64)
    for number in range(numbers["n_ciphone"]):
        codebook_of[sequences[entries[number, 0]]] = number
    triphones = entries[numbers["n_ciphone"] :]
    codebook_of[sequences[triphones[:, 0]].ravel()] = np.repeat(triphones[:, 3], 3)
    return names, numbers, entries, sequences, codebook_of


def _body(path: Path) -> bytes:
    data = path.read_bytes()
    at = data.index(b"endhdr\n") + 7
    if struct.unpack_from("<I", data, at)[0] != _ORDER_MARK:
        raise ValueError(f"{path.name} has another byte order")
    return data[at + 4 :]


def _read_gaussians(path: Path) -> Array:
    body = _body(path)
    n_codebooks, n_streams, n_densities, *lengths = struct.unpack_from("<6i", body)
    values = np.frombuffer(body, "<f4", n_codebooks * n_densities * sum(lengths), 28)
    if n_streams != 3 or len(set(lengths)) != 1:
        raise ValueError(f"{path.name} has {n_streams} streams of {lengths}")
    return values.reshape(n_codebooks, n_streams, n_densities, lengths[0]).astype(np.float32)


def _read_moves(path: Path) -> Array:
    body = _body(path)
    n_matrices, n_from, n_to, _ = struct.unpack_from("<4i", body)
    counts = np.frombuffer(body, "<f4", n_matrices * n_from * n_to, 16).reshape(n_matrices, n_from, n_to)
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1e-9)
    stay = np.stack([shares[:, state, state] for state in range(n_from)], axis=1)
    return np.log(np.stack([stay, 1 - stay], axis=2).clip(1e-4)).astype(np.float32)
