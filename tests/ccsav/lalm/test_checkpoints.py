import json

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import HTTPError

import ccsav
from ccsav.lalm import checkpoints as weights


@pytest.fixture
def hub(model_folders, monkeypatch):
    """A hub that has one model, and a cache that has none."""
    made = huggingface_hub.get_local_safetensors_metadata(model_folders["whisper"])
    monkeypatch.setattr(huggingface_hub, "get_safetensors_metadata", lambda name, revision: made)
    return sum(
        x.parameter_count for file in made.files_metadata.values() for x in file.tensors.values()
    )


def test_a_large_download_is_announced(hub, monkeypatch, capsys):
    monkeypatch.setattr(weights, "WORTH_SAYING", 1)
    monkeypatch.setattr(weights, "GB", 1e6)  # the tiny model is counted in megabytes
    weights.check("someone/whisper", None, torch.bfloat16, "cpu")
    said = capsys.readouterr().err
    assert f"someone/whisper: downloading {4 * hub / 1e6:.1f} GB to" in said
    assert f"in memory it takes {2 * hub / 1e6:.1f} GB in bfloat16" in said
    weights.check("someone/whisper", None, torch.bfloat16, "cpu", unused=("model.encoder.",))
    assert f"takes {2 * hub / 1e6:.1f} GB" not in capsys.readouterr().err


def test_nothing_is_said_of_small_downloads_and_local_models(hub, model_folders, capsys):
    weights.check("someone/whisper", None, torch.float32, "cpu")
    weights.check("here", model_folders["whisper"], torch.float32, "cpu")
    assert capsys.readouterr().err == ""


def test_weights_larger_than_the_memory_are_refused(model_folders, monkeypatch):
    monkeypatch.setattr(weights, "available", lambda device: 1000)
    with pytest.raises(
        MemoryError, match=r"take 0\.0 GB in float32, but cpu has .*device_map='auto'"
    ):
        ccsav.load_lalm(model_folders["whisper"], device="cpu")
    weights.check("here", model_folders["whisper"], torch.float32, None)  # spread: not refused


def test_a_hub_that_does_not_answer_is_left_to_loading(monkeypatch):
    def unreachable(name, revision):
        raise HTTPError("no connection")

    monkeypatch.setattr(huggingface_hub, "get_safetensors_metadata", unreachable)
    weights.check("someone/whisper", None, torch.float32, "cpu")


def test_memory_of_this_machine():
    assert weights.available(torch.device("cpu")) > 1e8
    assert weights.available(torch.device("meta")) is None


def test_what_the_local_cache_holds(tmp_path, monkeypatch):
    def find(name, file, revision):
        return str(tmp_path / file) if (tmp_path / file).exists() else None

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", find)
    assert weights.cached("someone/model") is None
    index = {"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "1.safetensors").touch()
    assert weights.cached("someone/model") is None
    (tmp_path / "2.safetensors").touch()
    assert weights.cached("someone/model") == tmp_path
    (tmp_path / "model.safetensors.index.json").unlink()
    (tmp_path / "model.safetensors").touch()
    assert weights.cached("someone/model") == tmp_path


def test_layers_spread_by_a_device_map(model_folders, waves):
    spread = ccsav.load_lalm(model_folders["qwen2_audio"], device_map={"": "cpu"})
    whole = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu", dtype="float32")
    torch.testing.assert_close(
        spread.head_vectors(waves[:2], heads="all").float(),
        whole.head_vectors(waves[:2], heads="all"),
    )
    with pytest.raises(ValueError, match="device or device_map, not both"):
        ccsav.load_lalm(model_folders["whisper"], device="cpu", device_map="auto")
