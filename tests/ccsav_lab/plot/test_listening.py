import base64
import io
import re

import numpy as np
import pytest
import soundfile

from ccsav_lab import plot
from ccsav_lab.plot import listening

RATE = 16_000


def tone(pitch, seconds=1.0, rate=RATE, start=0.0):
    t = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * pitch * t) * (t >= start) / 4).astype(np.float32)


def test_a_tone_is_bright_where_and_when_it_sounds():
    db, (left, right, bottom, top) = listening.level(tone(3000, start=0.5), RATE)
    assert (left, bottom, top) == (0, 0, 8)
    assert right == pytest.approx(1, abs=listening.HOP_S)
    assert db.max() == 0 and db.min() == -listening.DEPTH_DB
    khz = (np.arange(len(db)) + 0.5) * top / len(db)
    seconds = (np.arange(db.shape[1]) + 0.5) * right / db.shape[1]
    assert khz[db.max(1).argmax()] == pytest.approx(3, abs=0.06)
    assert seconds[(db > -20).any(0)].min() == pytest.approx(0.5, abs=0.04)


def test_silence_can_be_drawn():
    db, _ = listening.level(np.zeros(RATE), RATE)
    assert np.all(db == 0)


def test_spectrograms():
    figure = plot.spectrograms({"low": tone(300), "high": tone(5000)}, RATE)
    low, high, scale = figure.axes
    assert [ax.get_title(loc="left") for ax in (low, high)] == ["low", "high"]
    assert low.get_xlabel() == "time (s)" and low.get_ylabel() == "frequency (kHz)"
    assert scale.get_ylabel() == "level (dB)"
    brightest = [ax.images[0].get_array().max(1).argmax() for ax in (low, high)]
    assert brightest[0] < brightest[1]


def decoded(page, kind):
    return [base64.b64decode(x) for x in re.findall(rf"data:{kind};base64,([^\"]+)\"", page.data)]


def test_a_player_can_be_heard_and_seen_and_is_small():
    page = plot.player(0.01 * tone(1000, 2.0), RATE, 'a <b> & "c"')
    assert len(page.data) < 45_000
    assert "<b>" not in page.data
    (sound,) = decoded(page, "audio/mpeg")
    heard, rate = soundfile.read(io.BytesIO(sound))
    assert rate == RATE and len(heard) / rate == pytest.approx(2, abs=0.1)
    assert 0.7 < np.abs(heard).max() <= 1  # quiet clips are made loud
    assert np.abs(np.fft.rfft(heard)).argmax() * rate / len(heard) == pytest.approx(1000, abs=5)
    (picture,) = decoded(page, "image/jpeg")
    assert picture.startswith(b"\xff\xd8")


def test_players_stand_side_by_side():
    page = plot.players({"a": tone(300, 0.3), "b": tone(600, 0.3)}, RATE)
    assert page.data.count("<audio ") == page.data.count("<img ") == 2


@pytest.mark.parametrize(("rate", "made"), [(96_000, 48_000), (4_000, 8_000), (44_100, 44_100)])
def test_mp3_at_rates_that_it_knows(rate, made):
    heard, got = soundfile.read(io.BytesIO(listening.mp3(tone(500, 1.0, rate), rate)))
    assert got == made
    assert np.abs(np.fft.rfft(heard)).argmax() * made / len(heard) == pytest.approx(500, abs=5)


def test_log_mel():
    features = np.zeros((64, 204))
    features[10, 100] = 1
    figure = plot.log_mel(features, 2.04)
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), features)
    assert tuple(image.get_extent()) == (0, 2.04, 0, 64)
    assert image.origin == "lower"


def test_by_position():
    accuracy = np.linspace(0, 1, 12).reshape(6, 2)
    is_audio = np.array([0, 0, 1, 1, 0, 0], bool)
    (ax,) = plot.by_position(accuracy, is_audio, 0.25).axes
    lines = [list(line.get_ydata()) for line in ax.lines]
    np.testing.assert_allclose(lines[0], 100 * accuracy.mean(1))
    assert [25, 25] in lines
    box = ax.patches[0].get_bbox()
    assert (box.x0, box.x1) == (1.5, 3.5)
    (without,) = plot.by_position(accuracy, np.zeros(6, bool), 0.25).axes
    assert not without.patches
