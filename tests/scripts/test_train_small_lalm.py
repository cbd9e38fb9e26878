"""The small LALM's training: what it draws, what it trains, and that a run in parts is one run."""

import argparse
import json
import sys

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn

from ccsav_lab import small
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import train_small_lalm
from mini_lalm.questions import DIGITS
from small_lalm import chats, clips, lora, plain_questions, written

WIDTH = 32


@pytest.fixture
def recordings():
    """Made-up recordings: noise in place of what ESC-10 and FSDD hold."""
    rng = np.random.default_rng(0)
    names = sorted(set(clips.ESC_NAMES.values()))
    environment = [(0.1 * rng.standard_normal(80_000), name) for name in names]
    return clips.Recordings(environment, [(0.1 * rng.standard_normal(6_000), d) for d in DIGITS])


@pytest.fixture
def tiny(small_folder, tmp_path, monkeypatch):
    """A tiny language model in place of SmolLM2, and parts that fit it; returns their folder."""
    config = json.loads((small.PARTS / "config.json").read_text("utf-8"))
    config["text_config"] |= {
        "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
    }  # fmt: skip
    config["audio_config"] |= {
        "d_model": WIDTH, "encoder_layers": 1, "encoder_attention_heads": 2,
        "encoder_ffn_dim": 2 * WIDTH,
    }  # fmt: skip
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "config.json").write_text(json.dumps(config))
    for name in ("chat_template.jinja", "preprocessor_config.json"):
        (parts / name).write_text((small.PARTS / name).read_text("utf-8"), "utf-8")
    torch.manual_seed(0)
    whole = transformers.Qwen2AudioForConditionalGeneration(
        transformers.Qwen2AudioConfig.from_pretrained(parts)
    )
    encoder = {k: v.half() for k, v in whole.model.audio_tower.state_dict().items()}
    save_file(encoder, parts / "encoder.safetensors")
    text = transformers.LlamaConfig(**config["text_config"] | {"vocab_size": 49152})
    language = transformers.LlamaForCausalLM(text)

    def read(_):
        return language, transformers.AutoTokenizer.from_pretrained(small_folder)

    monkeypatch.setattr(small, "read_language_model", read)
    monkeypatch.setattr(train_small_lalm, "written_chats", lambda *_: [("Two?", "Yes.")])
    return parts


def trainer(tiny, work, steps):
    """A trainer of a few steps, the second half of them with the language model."""
    work.mkdir(exist_ok=True)
    options = argparse.Namespace(
        seed=3, wheel=None, parts=tiny, device="cpu", without=["rain"], folds=[1], real=None,
        rank=2, targets=["q_proj"], encoder_targets=["fc1"], work=work, steps=4, first_steps=2,
        out=work / "trained.safetensors", minutes=1,
    )  # fmt: skip
    made = train_small_lalm.Trainer(options)
    options.steps, total = steps, options.steps
    made.options = argparse.Namespace(**vars(options) | {"steps": total})
    train_small_lalm.train(made, options)
    made.save()
    return made


@pytest.mark.slow
def test_a_run_in_parts_is_the_same_run(tiny, tmp_path, recordings, monkeypatch):
    monkeypatch.setattr(train_small_lalm, "read_recordings", lambda *_: recordings)
    whole = trainer(tiny, tmp_path / "whole", 4)
    trainer(tiny, tmp_path / "parts-of-it", 3)
    rest = trainer(tiny, tmp_path / "parts-of-it", 4)
    assert whole.step == rest.step == 4
    for name, weight in whole.parts.items():
        torch.testing.assert_close(weight, rest.parts[name], rtol=0, atol=0, msg=name)
    saved = load_file(tmp_path / "whole" / "trained.safetensors")
    assert {"connector.weight", "connector.bias", "marks"} < set(saved)
    assert saved["model.language_model.layers.1.self_attn.q_proj.B"].abs().max() > 0
    language, tokenizer = small.read_language_model(None)
    (tiny / "trained.safetensors").write_bytes(
        (tmp_path / "whole/trained.safetensors").read_bytes()
    )
    joined, _ = small.join(tiny, language, tokenizer)
    layer = "model.audio_tower.layers.0.fc1"
    trained = whole.model.get_submodule(layer)
    expected = trained.frozen.weight.float() + trained.B @ trained.A
    torch.testing.assert_close(joined.get_submodule(layer).weight, expected, atol=2e-3, rtol=1e-2)


def test_a_low_rank_update_starts_at_nothing_and_adds_up():
    model = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))
    x = torch.randn(3, 6)
    before = model(x)
    lora.add_low_rank(model, "", ["0"], rank=2)
    torch.testing.assert_close(model(x), before)
    nn.init.normal_(model[0].B)
    update = lora.updates(model)
    assert set(update) == {"0.A", "0.B"}
    weight = model[0].frozen.weight + update["0.B"] @ update["0.A"]
    torch.testing.assert_close(model[0](x), x @ weight.T + model[0].frozen.bias)


def test_what_is_left_out_is_never_drawn(recordings):
    kept = [(wave, name) for wave, name in recordings.environment if name != "rain"]
    few = clips.Recordings(kept, recordings.digits)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        wave, facts = clips.draw_clip(rng, few, ["siren", "dog"], seconds=2.5)
        assert "rain" not in str(facts)
        assert wave.dtype == np.float32
        assert np.abs(wave).max() <= 1
        assert 0.05 < len(wave) / clips.RATE <= 2.6


def test_the_same_seed_draws_the_same_clip(recordings):
    drawn = [
        clips.draw_clip(np.random.default_rng(5), recordings, ["dog"], seconds=5.0)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])
    assert drawn[0][1] == drawn[1][1]


@pytest.mark.slow
def test_only_answers_are_learned(small_folder, recordings):
    processor = transformers.AutoProcessor.from_pretrained(small_folder)
    words = {"trained": ["dog", "siren"], "names": ["dog", "siren", *clips.ESC_NAMES.values()]}
    words["names"] = [*sorted(set(words["names"])), *DIGITS]
    rng = np.random.default_rng(1)
    batch, named = chats.draw_batch(rng, recordings, words, processor, [("Two?", "Yes.")])
    ids, labels = batch["input_ids"], batch["labels"]
    assert (labels[labels != -100] == ids[labels != -100]).all()
    for row, label in zip(ids, labels, strict=True):
        text = processor.tokenizer.decode(row)
        turns = text.split("<|im_start|>assistant\n")[1:]
        answers = "".join(turn.split("<|im_end|>")[0] + "<|im_end|>" for turn in turns)
        assert processor.tokenizer.decode(label[label != -100]) == answers
    known = [words["names"][i] for i in named.tolist() if i != -100]
    assert set(known) <= set(words["names"])


def test_measured_questions_are_not_trained():
    trained = written.QUESTIONS.replace("\n", "|").split("|")
    assert not set(trained) & set(plain_questions.QUESTIONS)
    assert len(plain_questions.QUESTIONS) == 20
