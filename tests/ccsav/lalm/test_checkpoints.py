import json

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import HTTPError

import ccsav
from ccsav.lalm import checkpoints


@pytest.fixture
def hub(model_folders, monkeypatch):
    """A hub that has one model, and a cache that has none."""
    made = huggingface_hub.get_local_safetensors_metadata(model_folders["whisper"])
    monkeypatch.setattr(huggingface_hub, "get_safetensors_metadata", lambda name, revision: made)
    return sum(
        x.parameter_count for file in made.files_metadata.values() for x in file.tensors.values()
    )


def test_a_large_download_is_announced(hub, monkeypatch, capsys):
    monkeypatch.setattr(checkpoints, "LARGE_DOWNLOAD", 1)
    monkeypatch.setattr(checkpoints, "GB", 1e6)  # the tiny model is counted in megabytes
    checkpoints.check_memory("someone/whisper", torch.bfloat16, "cpu")
    printed = capsys.readouterr().err
    assert f"someone/whisper: downloading {4 * hub / 1e6:.1f} GB to" in printed
    assert f"in memory it takes {2 * hub / 1e6:.1f} GB in bfloat16" in printed
    checkpoints.check_memory("someone/whisper", torch.bfloat16, "cpu", unused=("model.encoder.",))
    assert f"takes {2 * hub / 1e6:.1f} GB" not in capsys.readouterr().err


def test_small_downloads_and_local_models_are_not_announced(hub, model_folders, capsys):
    checkpoints.check_memory("someone/whisper", torch.float32, "cpu")
    checkpoints.check_memory(model_folders["whisper"], torch.float32, "cpu")
    assert capsys.readouterr().err == ""


def test_weights_larger_than_the_memory_are_refused(model_folders, monkeypatch):
    monkeypatch.setattr(checkpoints, "memory_size", lambda device: 1000)
    with pytest.raises(
        MemoryError, match=r"take 0\.0 GB in float32, but cpu has .*device_map='auto'"
    ):
        ccsav.load_lalm(model_folders["whisper"], device="cpu")
    spread = None  # over several devices: not refused
    checkpoints.check_memory(model_folders["whisper"], torch.float32, spread)


def test_a_hub_that_does_not_answer_is_left_to_loading(monkeypatch):
    def unreachable(name, revision):
        raise HTTPError("no connection")

    monkeypatch.setattr(huggingface_hub, "get_safetensors_metadata", unreachable)
    checkpoints.check_memory("someone/whisper", torch.float32, "cpu")


def test_memory_of_this_machine():
    assert checkpoints.memory_size(torch.device("cpu")) > 1e8
    assert checkpoints.memory_size(torch.device("meta")) is None


def test_what_the_local_cache_holds(tmp_path, monkeypatch):
    def find(name, file, revision):
        return str(tmp_path / file) if (tmp_path / file).exists() else None

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", find)
    assert checkpoints.cached_folder("someone/model") is None
    index = {"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "1.safetensors").touch()
    assert checkpoints.cached_folder("someone/model") is None
    (tmp_path / "2.safetensors").touch()
    assert checkpoints.cached_folder("someone/model") == tmp_path
    (tmp_path / "model.safetensors.index.json").unlink()
    (tmp_path / "model.safetensors").touch()
    assert checkpoints.cached_folder("someone/model") == tmp_path


def test_fingerprint(model_folders, whisper):
    again = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    assert again.fingerprint == whisper.fingerprint
    changed = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    weight = changed.model.model.decoder.layers[0].fc1.weight
    weight[[0, 1]] = weight[[1, 0]]  # the same numbers in another order
    assert changed.fingerprint != whisper.fingerprint
