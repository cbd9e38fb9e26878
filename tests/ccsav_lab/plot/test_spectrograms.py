import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
import soundfile

from ccsav_lab import plot
from ccsav_lab.plot import spectrograms

RATE = 16_000


def tone(pitch, seconds=1.0, rate=RATE, start=0.0):
    t = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * pitch * t) * (t >= start) / 4).astype(np.float32)


def test_a_tone_is_bright_where_and_when_it_sounds():
    db, (left, right, bottom, top) = spectrograms._level(tone(3000, start=0.5), RATE)
    assert (left, bottom, top) == (0, 0, 8)
    assert right == pytest.approx(1, abs=spectrograms.HOP_S)
    assert db.max() == 0 and db.min() == -spectrograms.DEPTH_DB
    khz = (np.arange(len(db)) + 0.5) * top / len(db)
    seconds = (np.arange(db.shape[1]) + 0.5) * right / db.shape[1]
    assert khz[db.max(1).argmax()] == pytest.approx(3, abs=0.06)
    assert seconds[(db > -20).any(0)].min() == pytest.approx(0.5, abs=0.04)


def test_silence_can_be_drawn():
    db, _ = spectrograms._level(np.zeros(RATE), RATE)
    assert np.all(db == 0)


def decoded(page, kind):
    return [base64.b64decode(x) for x in re.findall(rf"data:{kind};base64,([^\"]+)\"", page.data)]


def test_a_player_can_be_heard_and_seen_and_is_small():
    page = plot.player(0.01 * tone(1000, 2.0), RATE, 'a <b> & "c"')
    assert len(page.data) < 45_000
    assert "<b>" not in page.data
    (sound,) = decoded(page, "audio/mpeg")
    samples, rate = soundfile.read(io.BytesIO(sound))
    assert rate == RATE and len(samples) / rate == pytest.approx(2, abs=0.1)
    assert 0.7 < np.abs(samples).max() <= 1  # quiet clips are made loud
    assert np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples) == pytest.approx(1000, abs=5)
    (picture,) = decoded(page, "image/jpeg")
    assert picture.startswith(b"\xff\xd8")


def test_players_stand_side_by_side():
    page = plot.players({"a": tone(300, 0.3), "b": tone(600, 0.3)}, RATE)
    assert page.data.count("<audio ") == page.data.count("<img ") == 2


@pytest.mark.parametrize(("rate", "made"), [(96_000, 48_000), (4_000, 8_000), (44_100, 44_100)])
def test_mp3_at_rates_that_it_knows(rate, made):
    samples, got = soundfile.read(io.BytesIO(spectrograms.mp3(tone(500, 1.0, rate), rate)))
    assert got == made
    assert np.abs(np.fft.rfft(samples)).argmax() * made / len(samples) == pytest.approx(500, abs=5)


def test_spectrogram_page():
    tone = np.log(np.full((50, 16), 1e-6))
    tone[:, 4] = 0
    figure = plot.spectrogram_page(
        {"alarms": {"siren": tone, "bell": tone}, "animals": {"dog": tone}}, 2
    )
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title(loc="left") for ax in drawn] == ["siren", "bell", "dog"]
    np.testing.assert_allclose(drawn[0].images[0].get_array()[4], 0)
    np.testing.assert_allclose(drawn[0].images[0].get_array()[0], -60)
    assert drawn[0].get_ylabel() == "alarms"


def test_clip_board_shows_the_true_class_however_small_its_vote():
    wave = np.random.default_rng(0).normal(size=1600)
    names = [f"class {i:02d}" for i in range(20)]
    votes = pd.Series(np.arange(20) / 190, names)
    rows = {"most": [("A", wave), ("B", wave)], "least": [("C", wave)]}
    figure = plot.clip_board(rows, 16_000, votes, "a head", "class 03", 0.25)
    *panels, bars = figure.axes
    assert [ax.get_title(loc="left") for ax in panels if ax.images] == ["A", "B", "C"]
    drawn = [t.get_text() for t in bars.get_yticklabels()]
    assert len(drawn) == spectrograms.MOST_BARS + 1
    assert drawn[0] == "class 03" and drawn[-1] == "class 19"
    np.testing.assert_allclose(bars.patches[-1].get_width(), 10)
    assert "recall 25 %" in bars.get_xlabel()
