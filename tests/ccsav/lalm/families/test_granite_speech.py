"""What is particular to Granite Speech: features without torchaudio, and adapters."""

import json
import logging

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import ccsav
from ccsav.lalm.families._granite_features import GraniteFeatures
from tests import tiny_models
from tests.ccsav.lalm.comparisons import relative_error


@pytest.fixture
def granite(tmp_path):
    return tiny_models.FAMILIES["granite_speech"](tmp_path / "granite")


def test_features_are_those_of_the_real_extractor(golden_folder):
    """Golden: transformers' own extractor of 5.23, on torchaudio 2.11's Python code."""
    golden = np.load(golden_folder / "granite_speech_features.npz")
    features = GraniteFeatures()([golden["waveform"]])
    np.testing.assert_allclose(features[0], golden["features"], atol=3e-5)


def test_the_adapter_is_added_to_the_weights(granite, waves):
    adapted = ccsav.load_lalm(granite, device="cpu")
    stored = load_file(granite / "model.safetensors")
    adapter = load_file(granite / "adapter_model.safetensors")
    path = "layers.1.self_attn.q_proj"
    (plain,) = (w for name, w in stored.items() if name.endswith(f"{path}.weight"))
    up, down = (
        next(w for name, w in adapter.items() if f"{path}.lora_{side}" in name) for side in "BA"
    )
    config = json.loads((granite / "adapter_config.json").read_text())
    weight = adapted.model.get_decoder().get_submodule(path).weight
    expected = plain + config["lora_alpha"] / config["r"] * up @ down
    torch.testing.assert_close(weight, expected)
    settings = json.loads((granite / "config.json").read_text())
    settings["has_lora_adapter"] = False
    (granite / "config.json").write_text(json.dumps(settings))
    bare = ccsav.load_lalm(granite, device="cpu")
    assert bare.fingerprint != adapted.fingerprint
    assert relative_error(bare.head_vectors(waves[:1]), adapted.head_vectors(waves[:1])) > 0.1


def test_adapters_that_are_missing_or_unknown_are_refused(granite, caplog):
    caplog.set_level(logging.CRITICAL)
    file = granite / "adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"use_dora": True}))
    with pytest.raises(ValueError, match="its adapter is of an unsupported kind"):
        ccsav.load_lalm(granite, device="cpu")
    file.unlink()
    with pytest.raises(OSError, match=r"adapter_config\.json"):
        ccsav.load_lalm(granite, device="cpu")


def test_clips_of_different_lengths_are_kept_apart(granite, waves):
    lalm = ccsav.load_lalm(granite, device="cpu")
    clips = [waves[0], waves[1], waves[0][::-1].copy()]
    rows = [rows for rows, _ in lalm.passes(clips, [lalm.prompt()] * 3)]
    assert rows == [[0, 2], [1]]
    with pytest.raises(ValueError, match="Granite Speech takes clips of one length only"):
        lalm.inputs(clips, [lalm.prompt()] * 3)


def test_the_prompt_does_not_hold_todays_date(granite):
    lalm = ccsav.load_lalm(granite, device="cpu")
    assert "December 19, 2024" in lalm.prompt("What is it?")
    assert "What is it?" in lalm.prompt("What is it?")
