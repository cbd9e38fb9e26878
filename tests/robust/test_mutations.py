"""Damaged files, at random: each is accepted, or refused in one sentence that names it."""

import resource
import sys
import time
import warnings

import numpy as np
import pytest
import soundfile

import ccsav
from ccsav.clips import audio, video
from ccsav.clips.dataset import DatasetError
from tests import videos
from tests.robust import media

ROUNDS = 24  # mutations of each file
SOUNDS = ("wav", "stereo.wav", "flac", "ogg", "opus", "aiff", "mp3", "uncounted.mp3")
VIDEOS = ("mp4", "mkv", "avi")
TABLES = ("csv", "tsv", "json", "jsonl")


def mutated(data, rng, kind):
    """The bytes cut, changed at the beginning or anywhere, with others put in, or taken out."""
    data = bytearray(data)
    place = int(rng.integers(len(data)))
    if kind == 0:
        return data[: max(1, place)]
    if kind in (1, 2):
        within = len(data) if kind == 2 else min(200, len(data))
        for _ in range(rng.integers(1, 10)):
            data[rng.integers(within)] = rng.integers(256)
    elif kind == 3:
        data[place:place] = rng.bytes(int(rng.integers(1, 5_000)))
    else:
        del data[place : place + int(rng.integers(1, 3_000))]
    return data


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Files of all kinds, {suffix: bytes}."""
    folder = tmp_path_factory.mktemp("whole")
    wave = media.noise(1.5)
    for name in ("wav", "flac", "ogg", "aiff"):
        soundfile.write(folder / f"a.{name}", wave, media.RATE)
    soundfile.write(folder / "a.stereo.wav", np.stack([wave] * 2, 1), media.RATE, subtype="FLOAT")
    soundfile.write(folder / "a.opus", wave, media.RATE, format="OGG", subtype="OPUS")
    media.mp3(folder / "a.mp3", wave, media.RATE)
    media.mp3(folder / "a.uncounted.mp3", wave, media.RATE, counted=False)
    for name in VIDEOS:
        videos.write(folder / f"a.{name}", seconds=1)
    rows = [(f"{i}.wav", "dög", f"{i:03d}") for i in range(30)]
    for name, separator in (("csv", ","), ("tsv", "\t")):
        lines = [separator.join(row) for row in [("path", "label", "group"), *rows]]
        (folder / f"a.{name}").write_text("\n".join(lines), "utf-8")
    records = [f'{{"wav": "{path}", "mapped_label": "{label}"}}' for path, label, _ in rows]
    (folder / "a.json").write_text(f"[{', '.join(records)}]", "utf-8")
    (folder / "a.jsonl").write_text("\n".join(records), "utf-8")
    return {file.name[2:]: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("name", [*SOUNDS, *VIDEOS, *TABLES])
def test_damaged_files(whole, tmp_path, name, capfd):
    path, rng = tmp_path / f"x.{name}", np.random.default_rng(len(name))
    looks = [lambda: audio.read_audio(path, 8_000)]
    if name in VIDEOS:
        looks = [lambda: video.sound(path, 8_000), lambda: video.frames(path, 2)]
    if name in TABLES:
        for i in range(30):
            soundfile.write(tmp_path / f"{i}.wav", np.zeros(80), 8_000)
        looks = [lambda: ccsav.load_dataset(path)]
    accepted = 0
    for i in range(ROUNDS):
        path.write_bytes(mutated(whole[name], rng, i % 5))
        for look in looks:
            start = time.monotonic()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    look()
                accepted += 1
            except (audio.AudioError, DatasetError) as error:
                first = str(error).splitlines()[0]
                assert first.startswith(f"{path}: ") or first == "The dataset cannot be used:"
            assert time.monotonic() - start < 10
    assert accepted < ROUNDS * len(looks)  # some were refused
    if sys.platform == "linux":
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4e6  # kB, of all tests so far
