from __future__ import annotations

import pytest

from av_models.face.backend import FaceBackend, get_backend


@pytest.fixture(scope="session")
def dlib_backend() -> FaceBackend:
    return get_backend("dlib")
