"""Anything wrong with a clip, whenever it shows, is that clip's reason; the others are computed."""

import os

import numpy as np
import pandas as pd
import pytest
import soundfile

import ccsav
from ccsav.clips import audio
from ccsav.extraction.pipeline import ExtractionError
from ccsav.lalm.model import LALM
from tests.ccsav.extraction.helpers import run
from tests.robust import media

TONE = np.sin(np.arange(16_000) / 9).astype(np.float32) / 2


@pytest.fixture
def table(tmp_path):
    """A good clip, then a table that clips are added to."""
    soundfile.write(tmp_path / "good.wav", TONE, 16_000)
    soundfile.write(tmp_path / "other.wav", TONE[::2], 16_000)
    return lambda *names: ccsav.Dataset(
        pd.DataFrame({"path": ["good.wav", *names, "other.wav"]}, dtype=object), tmp_path
    )


def skipped(lalm, dataset, **options):
    """{name: reason} of the clips that are left out; good.wav and other.wav are not among them."""
    with pytest.warns(UserWarning, match="clips were left out"):
        acts = run(lalm, dataset, on_error="skip", **options)
    assert acts.table["path"].tolist() == ["good.wav", "other.wav"]
    alone = run(lalm, dataset.subset([0, len(dataset) - 1]))
    np.testing.assert_allclose(acts.X, alone.X, rtol=1e-2, atol=1e-3)
    return {os.path.basename(p): r for p, r in acts.skipped.itertuples(index=False)}


def test_files(whisper, table, tmp_path):
    (tmp_path / "raw.raw").write_bytes(bytes(3_000))
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.mp3").write_text("hello")
    soundfile.write(tmp_path / "loud.wav", 32_768 * TONE, 16_000, subtype="FLOAT")
    media.mp3(tmp_path / "whole.mp3", TONE, 16_000)
    media.cut(tmp_path / "whole.mp3", 0.5, "half")
    data = bytearray((tmp_path / "good.wav").read_bytes())
    data[24:28] = (7).to_bytes(4, "little")
    (tmp_path / "rate.wav").write_bytes(data)
    names = ["raw.raw", "empty.wav", "text.mp3", "loud.wav", "half.mp3", "rate.wav"]
    reasons = skipped(whisper, table(*names))
    assert set(reasons) == set(names)
    for reason in reasons.values():
        assert "\n" not in reason and str(tmp_path) not in reason and reason.endswith(".")
    with pytest.raises(ExtractionError, match=r"^5 of 8 clips cannot be used:\n"):
        run(whisper, table(*names))  # loud.wav shows it only when it is decoded


ERRORS = [
    MemoryError("12 GB"),
    OSError(5, "I/O error"),
    KeyError("tag"),
    RuntimeError("x"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["header", "digest", "read_audio"])
def test_errors_of_any_kind(whisper, table, tmp_path, monkeypatch, place, error):
    soundfile.write(tmp_path / "bad.wav", TONE[::-1], 16_000)
    owner = ccsav.Dataset if place == "digest" else audio
    working = getattr(owner, place)

    def failing(first, *rest):
        path = first.path(rest[0]) if place == "digest" else first
        if path.name == "bad.wav":
            raise error
        return working(first, *rest)

    monkeypatch.setattr(owner, place, failing)
    reasons = skipped(whisper, table("bad.wav"))
    assert reasons == {"bad.wav": f"{type(error).__name__}: {error}"}
    with pytest.raises(ExtractionError, match=r"1 of 3 clips cannot be used:\n- .*bad\.wav: "):
        run(whisper, table("bad.wav"))


def test_a_clip_that_the_features_do_not_take(whisper, table, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "bad.wav", 0.9 * np.sign(TONE), 16_000)
    working = LALM.passes

    def failing(lalm, waveforms, prompts, videos=None):
        if max(np.abs(x).max() for x in waveforms) > 0.8:
            raise ZeroDivisionError("float division by zero")
        return working(lalm, waveforms, prompts, videos)

    monkeypatch.setattr(LALM, "passes", failing)
    reasons = skipped(whisper, table("bad.wav"))
    assert reasons == {"bad.wav": "ZeroDivisionError: float division by zero"}


def test_a_clip_that_is_shorter_than_it_seemed(whisper, table, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "bad.wav", TONE[:640], 16_000)
    header = audio.header
    monkeypatch.setattr(
        audio, "header", lambda p: (16_000, 16_000) if "bad" in str(p) else header(p)
    )
    assert skipped(whisper, table("bad.wav"))["bad.wav"].startswith("40 ms is too short")


def test_names_that_are_not_utf8(whisper, table, tmp_path):
    names = {form: os.fsdecode(b"caf\xe9." + form.encode()) for form in ("wav", "flac", "mp3")}
    for form, name in names.items():
        soundfile.write(tmp_path / f"plain.{form}", TONE[::-1], 16_000)
        os.rename(tmp_path / f"plain.{form}", tmp_path / name)
    assert len(run(whisper, table(*names.values())).X) == 5
    broken = os.fsdecode(b"caf\xe9-half.mp3")
    data = media.mp3(tmp_path / "whole.mp3", TONE, 16_000).read_bytes()
    (tmp_path / broken).write_bytes(data[: len(data) // 2])
    assert "breaks off" in skipped(whisper, table(broken))[broken]
    (tmp_path / "sounds" / "a").mkdir(parents=True)
    (tmp_path / "sounds" / "b").mkdir()
    for folder, name in zip("ab", list(names.values())[:2], strict=True):
        os.rename(tmp_path / name, tmp_path / "sounds" / folder / name)
    assert len(run(whisper, ccsav.load_dataset(tmp_path / "sounds"), cache=tmp_path / "c").X) == 2


def test_the_end_of_a_long_clip_is_not_decoded(whisper, table, tmp_path, monkeypatch):
    rate, seconds = 8_000, 300
    wave = np.tile(TONE[:rate], seconds)
    soundfile.write(tmp_path / "long.wav", wave, rate)
    soundfile.write(tmp_path / "long.flac", wave, rate)
    media.flac(tmp_path / "unknown.flac", wave, rate, samples=0)
    longest, working = [], audio.mixed

    def watched(channels, name):
        longest.append(channels.shape[1] / rate)
        return working(channels, name)

    monkeypatch.setattr(audio, "mixed", watched)
    dataset = table("long.wav", "long.flac", "unknown.flac").subset([1, 2, 3])
    with pytest.warns(UserWarning, match="3 clips were cut to the model's window of 4 s"):
        acts = run(whisper, dataset, truncate=True)
    assert max(longest) <= whisper.window + audio.EXTRA + 1
    held = ccsav.Dataset.from_arrays([(32_767 * wave).astype(np.int16)], rate)
    with pytest.warns(UserWarning, match="1 clips were cut"):
        memory = run(whisper, held, truncate=True)
    np.testing.assert_allclose(acts.X, np.repeat(memory.X, 3, axis=0), rtol=0.05, atol=0.02)
