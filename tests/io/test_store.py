from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import numpy as np
import pytest

from av_models.domain.errors import InputError, LostError, ResourceError
from av_models.domain.media import MediaRef
from av_models.io.store import Store


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_equal_content_has_one_name_and_is_kept_once(store: Store, tmp_path: Path) -> None:
    original = tmp_path / "Clip.MP4"
    original.write_bytes(b"picture" * 1000)
    ref = store.put_file(original)
    assert ref == store.put_bytes(b"picture" * 1000, ".mp4")
    assert ref.suffix == ".mp4"
    assert store.read_bytes(ref) == original.read_bytes()
    assert len(files_under(store.root)) == 1


def test_the_copy_survives_its_original(store: Store, tmp_path: Path) -> None:
    original = tmp_path / "a.wav"
    original.write_bytes(b"one")
    ref = store.put_file(original)
    original.write_bytes(b"two")
    assert store.read_bytes(ref) == b"one"


def test_arrays_come_back_and_equal_arrays_give_equal_digests(store: Store) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 3), np.uint8)
    times = np.linspace(0, 1, 3)
    ref = store.put_arrays(pictures=pictures, times=times, count=3)
    same = store.put_arrays(count=3, times=times[::-1][::-1], pictures=np.asfortranarray(pictures))
    assert ref == same
    back = store.arrays(ref)
    assert back.keys() == {"pictures", "times", "count"}
    np.testing.assert_array_equal(back["pictures"], pictures)
    assert back["times"].dtype == np.float64
    assert back["count"].shape == ()
    assert ref != store.put_arrays(pictures=pictures, times=times.astype(np.float32), count=3)


def test_json_comes_back_and_key_order_does_not_matter(store: Store) -> None:
    ref = store.put_json({"b": [1, 2.5, None], "a": "ä"})
    assert ref == store.put_json({"a": "ä", "b": [1, 2.5, None]})
    assert store.json(ref) == {"a": "ä", "b": [1, 2.5, None]}


def test_a_missing_blob_can_be_tried_again(store: Store) -> None:
    ref = MediaRef("0" * 64, ".wav")
    assert not store.has(ref)
    with pytest.raises(ResourceError, match="made anew"):
        store.path(ref)


@pytest.mark.parametrize("read", [Store.read_bytes, Store.arrays])
@pytest.mark.parametrize(
    "damage", [lambda data: data[:200], lambda data: b"", lambda data: data[:300] + b"?" + data[301:]]
)
def test_a_damaged_blob_is_told_and_forgotten(store: Store, read, damage) -> None:
    ref = store.put_arrays(numbers=np.arange(100))
    whole = store.read_bytes(ref)
    store.path(ref).write_bytes(damage(whole))
    with pytest.raises(LostError, match="damaged files, cut short or changed: " + ref.digest[:12]):
        read(store, ref)
    assert not store.has(ref)
    assert store.put_arrays(numbers=np.arange(100)) == ref and store.read_bytes(ref) == whole


def test_what_is_no_array_but_whole_is_kept(store: Store) -> None:
    ref = store.put_bytes(b"no archive", ".npz")
    with pytest.raises(ValueError, match="pickle"):
        store.arrays(ref)
    assert store.has(ref)


@pytest.mark.parametrize("key", ["../outside", "a/b", "", ".hidden", "ä"])
def test_a_work_key_cannot_leave_the_store(store: Store, key: str) -> None:
    with pytest.raises(InputError):
        store.workdir(key)


def test_a_workdir_is_the_same_next_time(store: Store) -> None:
    (store.workdir("train-1.2") / "checkpoint").write_text("step 5")
    assert (store.workdir("train-1.2") / "checkpoint").read_text() == "step 5"


def test_a_full_disk_is_told_and_leaves_nothing_behind(small_disk: Path) -> None:
    store = Store(small_disk / "store")
    kept = store.put_bytes(b"small", ".txt")
    with pytest.raises(ResourceError, match=r"disk full, 1\.0 MB needed, 0\.\d MB free"):
        store.put_bytes(bytes(1_000_000), ".bin")
    with pytest.raises(ResourceError, match="disk full"):
        store.put_arrays(big=np.zeros(200_000))
    assert files_under(small_disk) == [store.path(kept)]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_system_refusing_room_becomes_a_resource_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ResourceError, match="Free some space"):
        store.put_bytes(b"data", ".bin")
    assert files_under(store.root) == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_is_an_input_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match="Choose another folder"):
        store.put_bytes(b"data", ".bin")


def test_a_file_where_the_store_should_be_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("I am a file")
    with pytest.raises(InputError, match="file stands where a folder"):
        Store(tmp_path / "store").put_bytes(b"data", ".bin")


def test_putting_a_large_file_takes_little_memory(store: Store, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as stream:
        stream.truncate(400_000_000)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ref = store.put_file(large)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 60_000
    assert store.path(ref).stat().st_size == 400_000_000
