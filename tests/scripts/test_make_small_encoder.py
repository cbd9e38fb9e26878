"""The small LALM's encoder is Whisper tiny.en's, for a shorter window."""

import json
import sys

import torch
from safetensors.torch import load_file

from ccsav.lalm.loading import SMALL_PARTS
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import make_small_encoder as script


def test_the_first_layers_and_positions_are_kept():
    whole = {
        f"model.encoder.{name}": torch.randn(4, 3)
        for name in ("conv1.weight", "embed_positions.weight", "layers.0.fc1", "layers.1.fc1")
    }
    cut = script.cut_encoder(whole | {"model.decoder.layers.0.fc1": torch.zeros(1)}, 1, 2)
    assert sorted(cut) == ["conv1.weight", "embed_positions.weight", "layers.0.fc1"]
    assert cut["embed_positions.weight"].shape == (2, 3)
    assert {w.dtype for w in cut.values()} == {torch.float16}


def test_the_committed_encoder_is_whispers(shared):
    audio = json.loads((SMALL_PARTS / "config.json").read_text("utf-8"))["audio_config"]
    whisper = load_file(shared / "real" / "whisper-tiny.en" / "model.safetensors")
    cut = script.cut_encoder(whisper, audio["encoder_layers"], audio["max_source_positions"])
    committed = load_file(SMALL_PARTS / "encoder.safetensors")
    assert sorted(cut) == sorted(committed)
    for name, weight in cut.items():
        torch.testing.assert_close(committed[name], weight, rtol=0, atol=0)
