"""Weights: damaged ones are told from good ones, fetching goes on where it stopped, and nothing is fetched unasked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from av_models.domain.errors import InputError, ModelError, ResourceError
from av_models.runtime.weights import WeightFile, dlib_file, fetch, locate, read_lock, verify

_CONTENT = bytes(range(256)) * 4096
_LOCK = Path(__file__).parents[2] / "configs" / "weights.lock.yaml"


class _Server(BaseHTTPRequestHandler):
    breaks_at: int | None = None
    ranges: list[str | None]

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        type(self).ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(_CONTENT) - start))
        self.end_headers()
        self.wfile.write(_CONTENT[start : type(self).breaks_at])

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[str]:
    _Server.breaks_at, _Server.ranges = None, []
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/net.bin"
    http.shutdown()
    http.server_close()


def _file(url: str, content: bytes = _CONTENT) -> WeightFile:
    digest = hashlib.sha256(content).hexdigest()
    return WeightFile("net.bin", "face-alignment", "test", "nets", url, digest, len(_CONTENT))


def test_a_fetched_file_is_whole_and_is_not_fetched_twice(server: str, tmp_path: Path) -> None:
    seen: list[int] = []
    path = fetch(_file(server), tmp_path, lambda done, _: seen.append(done))
    assert path.read_bytes() == _CONTENT and seen[-1] == len(_CONTENT)
    assert locate(_file(server), tmp_path) == path
    fetch(_file(server), tmp_path)
    assert len(_Server.ranges) == 1


def test_a_broken_download_goes_on_where_it_stopped(server: str, tmp_path: Path) -> None:
    _Server.breaks_at = 300_000
    with pytest.raises(ResourceError, match="goes on at 300000 bytes"):
        fetch(_file(server), tmp_path)
    assert locate(_file(server), tmp_path) is None
    _Server.breaks_at = None
    assert fetch(_file(server), tmp_path).read_bytes() == _CONTENT
    assert _Server.ranges == [None, "bytes=300000-"]


def test_a_file_with_another_digest_never_appears(server: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="damaged or another version"):
        fetch(_file(server, b"other"), tmp_path)
    assert list(tmp_path.rglob("*.*")) == []


def test_without_a_network_the_message_says_where_to_put_the_file(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"or put the file at .*net\.bin"):
        fetch(_file("http://127.0.0.1:1/net.bin"), tmp_path)


def test_a_file_whose_terms_forbid_it_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="accept its terms and put it at"):
        fetch(WeightFile("x.zip", "insightface", "non-commercial", url="https://example.org/x.zip"), tmp_path)


def test_a_damaged_file_is_told_from_a_good_one(tmp_path: Path) -> None:
    good = tmp_path / "net.bin"
    good.write_bytes(_CONTENT)
    verify(good, _file(""))
    good.write_bytes(_CONTENT[:-1] + b"\0")
    with pytest.raises(ModelError, match="SHA-256"):
        verify(good, _file(""))
    good.write_bytes(_CONTENT[:-1])
    with pytest.raises(ModelError, match=f"{len(_CONTENT) - 1} bytes instead of {len(_CONTENT)}"):
        verify(good, _file(""))


def test_the_lock_names_the_installed_dlib_files(tmp_path: Path) -> None:
    files = read_lock(yaml.safe_load(_LOCK.read_text()))
    installed = [file for file in files.values() if file.backend == "dlib"]
    assert len(installed) == 2
    for file in installed:
        path = locate(file, tmp_path)
        assert path is not None
        verify(path, file)


@pytest.mark.parametrize("entry", [{"backend": "x"}, {"backend": "x", "licence": "y", "sha256": "not hex at all"}])
def test_a_wrong_lock_is_refused(entry: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"net\.bin"):
        read_lock({"weights": {"net.bin": entry}})


def test_an_unknown_dlib_file_says_what_to_install() -> None:
    with pytest.raises(ModelError, match="pip install face_recognition_models"):
        dlib_file("no_such_file.dat")
