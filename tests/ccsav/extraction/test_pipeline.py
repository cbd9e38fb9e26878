import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ccsav
from ccsav import extract, load_dataset
from ccsav.extraction.pipeline import ExtractionError
from tests.ccsav.extraction.helpers import rows_in, run, shards_in


def test_options(lalm, dataset):
    everything = run(lalm, dataset, heads="all", dtype="float32")
    assert everything.X.dtype == np.float32
    chosen = lalm.heads.query("layer == 1")
    part = run(lalm, dataset, heads=chosen, dtype="float32")
    assert part.heads["layer"].unique().tolist() == [1]
    np.testing.assert_allclose(
        part.X, everything.X[:, chosen.index, : part.X.shape[2]], rtol=1e-4, atol=1e-5
    )
    asked = run(lalm, dataset, "Is it a high tone?", dtype="float32", heads="decoder")
    kind = (everything.heads["kind"] == "decoder").to_numpy()
    assert not np.allclose(asked.X, everything.X[:, kind, : asked.X.shape[2]], rtol=1e-3)
    questions = ["Is it a high tone?"] * 11 + ["Or low?"]
    mixed = run(lalm, dataset, questions, dtype="float32", heads="decoder")
    np.testing.assert_allclose(mixed.X[:11], asked.X[:11], rtol=1e-3, atol=1e-4)
    assert not np.allclose(mixed.X[11], asked.X[11], rtol=1e-3)
    assert len(mixed.provenance["prompts"]) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"on_error": "ignore"}, "on_error='ignore'"),
        ({"dtype": "float64"}, "dtype='float64'"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"question": ["one", "two"]}, "2 questions for 12 clips"),
        ({"heads": "nose"}, "no heads of kind"),
    ],
)
def test_bad_options(whisper, dataset, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        run(whisper, dataset, **options)


def test_cache_gives_the_same_rows_without_the_model(whisper, dataset, tmp_path, passes):
    first = run(whisper, dataset, cache=tmp_path / "cache", batch_size=5)
    assert passes == [5, 5, 2]
    again = run(whisper, dataset, cache=tmp_path / "cache", batch_size=3)
    assert passes == [5, 5, 2]
    np.testing.assert_array_equal(first.X, again.X)
    assert len(rows_in(tmp_path / "cache")) == 12
    assert len(shards_in(tmp_path / "cache")) == 1
    assert not list((tmp_path / "cache").rglob("*.partial"))


def test_rows_are_reused_in_other_orders_places_and_datasets(whisper, dataset, tmp_path, passes):
    first = run(whisper, dataset.subset(range(6)), cache=tmp_path / "cache")
    backwards = run(whisper, dataset.subset(range(11, -1, -1)), cache=tmp_path / "cache")
    assert passes == [6, 6]
    np.testing.assert_array_equal(first.X, backwards.X[::-1][:6])
    moved = tmp_path / "moved" / "elsewhere.wav"
    moved.parent.mkdir()
    moved.write_bytes(dataset.path(3).read_bytes())
    table = dataset.table.iloc[:1].assign(path=str(moved), label="other")
    renamed = run(whisper, ccsav.Dataset(table), cache=tmp_path / "cache")
    assert passes == [6, 6]
    np.testing.assert_array_equal(renamed.X[0], first.X[3])


def test_a_cache_of_other_settings_is_not_used(
    model_folders, whisper, qwen, dataset, tmp_path, passes
):
    few, cache = dataset.subset([0, 1]), tmp_path / "cache"
    longer = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    shorter = ccsav.load_lalm(model_folders["whisper"], device="cpu", window=2)
    changed = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    changed.model.model.decoder.layers[1].fc2.bias[0] += 1
    half = ccsav.load_lalm(model_folders["whisper"], device="cpu", dtype="bfloat16")
    rounded = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    rounded.model.bfloat16().float()  # the weights of `half`, computed with in float32
    assert rounded.fingerprint == half.fingerprint != whisper.fingerprint
    run(whisper, few, cache=cache)
    runs = [
        (whisper, {"question": "What?"}),
        (whisper, {"heads": "decoder"}),
        (whisper, {"dtype": "float32"}),
        (shorter, {}),
        (changed, {}),
        (half, {}),
        (rounded, {}),
        (qwen, {}),
    ]
    for number, (lalm, options) in enumerate(runs, start=2):
        run(lalm, few, cache=cache, **options)
        assert len(passes) == number, f"the cache was used for {lalm} with {options}"
    run(longer, few, cache=cache)  # the same model, loaded anew
    assert len(passes) == len(runs) + 1


def test_changed_bytes_are_another_clip(whisper, dataset, tmp_path, passes):
    run(whisper, dataset, cache=tmp_path / "cache")
    wave, rate = soundfile.read(dataset.path(4))
    soundfile.write(dataset.path(4), wave * 0.5, rate)
    run(whisper, dataset, cache=tmp_path / "cache")
    assert passes == [12, 1]


def test_errors_name_every_clip_before_anything_is_computed(whisper, broken, passes):
    with pytest.raises(ExtractionError) as error:
        run(whisper, broken)
    message = str(error.value)
    assert message.startswith("3 of 16 clips cannot be used:")
    assert "text.wav: not WAV, FLAC, OGG or MP3 audio" in message
    assert "long.wav: 5.00 s is longer than the model's window of 4 s" in message
    assert "short.wav: 6 ms is too short" in message
    assert passes == []


def test_what_was_computed_before_an_error_is_kept(whisper, broken, tmp_path, passes):
    names = broken.table["path"].str.contains("text|long|short").to_numpy()
    only_nan = broken.subset(~names)
    assert only_nan.seconds(4) == 1  # the longest clip, hence the first in line
    with pytest.raises(ExtractionError, match=r"1 of 13 .*\n.*nan.wav: 1 of 16000 samples are NaN"):
        run(whisper, only_nan, cache=tmp_path / "cache", batch_size=4)
    assert len(rows_in(tmp_path / "cache")) == 3  # its batch was finished


def test_skipping(whisper, broken, tmp_path):
    with pytest.warns(UserWarning, match="4 clips were left out"):
        acts = run(whisper, broken, on_error="skip", cache=tmp_path / "cache")
    assert acts.X.shape[0] == len(acts.y) == len(acts.table) == 12
    assert [Path(p).name for p in acts.skipped["path"]] == [
        "nan.wav",
        "short.wav",
        "text.wav",
        "long.wav",
    ]
    assert acts.skipped["reason"].str.len().min() > 10
    clean = run(whisper, broken.subset([i for i in range(16) if i not in (4, 5, 10, 15)]))
    np.testing.assert_allclose(acts.X, clean.X, rtol=1e-2, atol=1e-3)
    assert acts.labels[acts.y].tolist() == clean.labels[clean.y].tolist()


def test_truncation_is_counted_on_cached_rows_too(whisper, broken, tmp_path):
    long = broken.subset(broken.table["path"].str.contains("long|/0").to_numpy())
    for _ in range(2):
        with pytest.warns(UserWarning, match="1 clips were cut to the model's window of 4 s"):
            acts = run(whisper, long, truncate=True, cache=tmp_path / "cache")
        assert acts.provenance["truncated"] == 1
    with pytest.raises(ExtractionError, match="longer than the model's window"):
        run(whisper, long, cache=tmp_path / "cache")  # though its row is there


def test_what_passes_the_window_within_the_tolerance_is_not_cut(whisper, waves):
    """Resampling can add a sample to a clip of the window's length."""
    clips = [np.resize(waves[0], 4 * 16_000 + samples) for samples in (0, 1, 15)]
    acts = run(whisper, ccsav.Dataset.from_arrays(clips, 16_000), truncate=True)  # no warning
    assert acts.provenance["truncated"] == 0
    clips += [np.resize(waves[0], 4 * 16_000 + 160)]
    with pytest.warns(UserWarning, match="^1 clips were cut to the model's window of 4 s"):
        acts = run(whisper, ccsav.Dataset.from_arrays(clips, 16_000), truncate=True)
    assert acts.provenance["truncated"] == 1


def test_copies_are_computed_once_and_reported(whisper, dataset, folder, passes):
    (folder / "low" / "copy.wav").write_bytes((folder / "high" / "0.wav").read_bytes())
    with pytest.warns(UserWarning, match="1 clips have the same bytes as another clip"):
        acts = run(whisper, load_dataset(folder))
    assert sum(passes) == 12
    copy = acts.table.index[acts.table["path"].str.contains("copy")][0]
    np.testing.assert_array_equal(acts.X[copy], acts.X[0])


def test_vectors_that_do_not_fit_the_format(model_folders, dataset):
    lalm = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    value = lalm.model.model.decoder.layers[1].encoder_attn.v_proj
    value.weight *= 1e6
    with pytest.raises(ExtractionError, match="exceeds float16: pass dtype='float32'"):
        run(lalm, dataset)
    assert np.isfinite(run(lalm, dataset, dtype="float32").X).all()
    value.weight[0, 0] = np.nan
    with pytest.raises(ExtractionError, match="NaN or infinite"):
        run(lalm, dataset, dtype="float32")


def test_progress_bar(whisper, dataset, capsys):
    extract(whisper, dataset)
    assert "clips/s" in capsys.readouterr().err


def test_provenance_is_plain(whisper, dataset):
    provenance = run(whisper, dataset).provenance
    assert set(provenance["versions"]) == {"ccsav", "torch", "transformers"}
    assert type(provenance["truncated"]) is int
    assert provenance["fingerprint"] == whisper.fingerprint
    assert dataclasses.is_dataclass(whisper)


@pytest.mark.slow
def test_real_path(shared):
    """Real recordings through a real model to a prediction."""
    lalm = ccsav.load_lalm(shared / "real" / "whisper-tiny.en", device="cpu", window=6)
    esc10 = load_dataset(shared / "real" / "esc10")
    chosen = esc10.table.groupby("label").head(6)
    chosen = chosen[chosen["label"].isin(["dog_bark", "rain", "rooster", "clock_tick"])]
    acts = run(lalm, esc10.subset(chosen.index))
    clf = ccsav.CCSAVClassifier().fit(acts.X[::2], acts.y[::2])
    assert clf.score(acts.X[1::2], acts.y[1::2]) > 0.7
