"""The model as its users see it: prompts, and a real Whisper."""

import pytest

import ccsav
from tests import tiny_models
from tests.ccsav.lalm.comparisons import check_batching, check_sums


@pytest.mark.slow
def test_real_whisper(shared, waves):
    real = ccsav.load_lalm(shared / "real" / "whisper-tiny.en", device="cpu")
    assert real.heads.groupby("kind").size().to_dict() == {
        "cross": 24,
        "decoder": 24,
        "encoder": 24,
    }
    assert real.window == 30
    check_sums(real, waves[:1])
    check_batching(real, waves[:2])


def test_prompts(whisper, qwen, tmp_path):
    assert whisper.prompt() == "<|startoftranscript|><|notimestamps|>"
    assert whisper.prompt("Hello?").startswith("<|startofprev|> Hello?<|startoftranscript|>")
    folder = tiny_models.whisper(tmp_path / "multilingual", multilingual=True)
    many = ccsav.load_lalm(folder, device="cpu")
    assert many.prompt() == "<|startoftranscript|><|en|><|transcribe|><|notimestamps|>"
    text = qwen.prompt("Who barks?")
    assert "<|audio_bos|><|AUDIO|><|audio_eos|>" in text
    assert "Who barks?" in text
    assert text.endswith("<|im_start|>assistant\n")
    assert "What sound is this?" in qwen.prompt()


def test_prompt_too_long_for_whisper(whisper, waves):
    with pytest.raises(ValueError, match="Whisper takes 64"):
        whisper.head_vectors(waves[:1], "why " * 60)
