"""Drawn footage of two people side by side, with the tracks that a tracker would give, and a small model."""

from __future__ import annotations

from pathlib import Path

import media_made as made
import numpy as np
import torch

from av_models.domain.face import FaceProblem, FaceTrack, ProblemRange
from av_models.domain.media import MediaRef
from av_models.face.warp import mean_template
from av_models.io.probe import probe_footage
from av_models.io.video import VideoWriter
from av_models.swap.basis import fit_basis
from av_models.swap.finish import measure_finish
from av_models.swap.network import NetworkConfig, SwapNetwork
from av_models.swap.render import Painter
from av_models.swap.weights import save_weights
from tasks.workspace import store
from tests.swap.faces_made import drawn_bank

FACE_PX = 96
SIZE = (224, 112)
PLACES = ((10, 8), (118, 8))
"""Of the two faces: left, top."""

N_FRAMES = 24
AFTER_CUT = (0.4, 0.45, 0.6)
"""Of the first shot's light, in R, G and B."""

CONFIG = NetworkConfig(
    size_px=32, detail=2, widths=(8, 8, 8, 8), code=16, grid=8, decoder_widths=(8, 8, 8), n_components=4
)


def outlined(points: np.ndarray, size_px: int) -> np.ndarray:
    """Landmarks of a drawn face (68,2) with the jaw, brows and nose that the drawing leaves out."""
    points = points.copy()
    turn = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([0.5 + 0.31 * np.cos(turn), 0.47 + 0.375 * np.sin(turn)], 1) * size_px
    for first, left in ((17, 0.28), (22, 0.55)):
        points[first : first + 5] = np.stack([np.linspace(left, left + 0.17, 5), np.full(5, 0.28)], 1) * size_px
    points[27:36] = np.stack([np.linspace(0.45, 0.55, 9), np.linspace(0.4, 0.58, 9)], 1) * size_px
    return points


def two_people(path: Path, pixel_format: str = "yuv420p", cut: int = N_FRAMES) -> tuple[FaceTrack, FaceTrack]:
    """Both wear the actor's face; the one on the right is not found in the first three frames. From frame `cut` on they
    are seen in another shot, in the light AFTER_CUT."""
    bank = drawn_bank("actor", n=2 * N_FRAMES, size_px=FACE_PX)
    crops = bank.crops.permute(0, 2, 3, 1).numpy()
    with VideoWriter(path, *SIZE, made.PAL, 4, "veryfast", pixel_format) as writer:
        for frame in range(N_FRAMES):
            picture = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
            for k, (left, top) in enumerate(PLACES):
                picture[top : top + FACE_PX, left : left + FACE_PX] = crops[frame + k * N_FRAMES]
            writer.write((picture * AFTER_CUT).astype(np.uint8) if frame >= cut else picture)
    points = np.stack([outlined(one, FACE_PX) for one in bank.landmarks.numpy()])
    places = (points[k * N_FRAMES : (k + 1) * N_FRAMES] + PLACES[k] for k in range(2))
    return tuple(_track(path, one, 3 * k, k + 1, cut) for k, one in enumerate(places))  # type: ignore[return-value]


def _track(path: Path, landmarks: np.ndarray, n_missed: int, person: int, cut: int) -> FaceTrack:
    found = np.arange(N_FRAMES) >= n_missed
    landmarks = np.where(found[:, None, None], landmarks, np.nan).astype(np.float32)
    arrays = {"usable": found, "score": np.where(found, 0.95, 0).astype(np.float32), "landmarks": landmarks}
    shot = (np.arange(N_FRAMES) >= cut).astype(np.int32)
    data = store().put_arrays(time_s=np.arange(N_FRAMES) / 25, shot=shot, **arrays)
    problems = (ProblemRange(0, n_missed - 1, FaceProblem.NO_FACE),) if n_missed else ()
    return FaceTrack(probe_footage(path, store()), data, data, (), int(found.sum()), 2, problems, "made", person)


def small_model(jaw: float = 1.0) -> MediaRef:
    """Knows the source's drawn face from its basis alone, and paints it. jaw: so many times as wide as the actor's."""
    torch.manual_seed(0)
    network = SwapNetwork(CONFIG)
    banks = {person: drawn_bank(person) for person in ("source", "actor")}
    for person, bank in banks.items():
        network.bases[person] = fit_basis(bank.crops, bank.masks, CONFIG.n_components)
    shapes = np.stack([outlined(one, 64) for one in banks["source"].landmarks.numpy()])
    shapes[:, :17, 0] = 32 + jaw * (shapes[:, :17, 0] - 32)
    painter = Painter(network, torch.device("cpu"))
    finish = measure_finish(painter, banks["source"], banks["actor"], mean_template(shapes))
    _mask_everything(network)
    return store().put_bytes(save_weights(network, finish), ".safetensors")


def _mask_everything(network: SwapNetwork) -> None:
    """An untrained decoder has no opinion on what is face: let it take all of it."""
    heads = network.decoder("source").heads
    with torch.no_grad():
        assert heads.bias is not None
        heads.bias[12:].fill_(4.0)
