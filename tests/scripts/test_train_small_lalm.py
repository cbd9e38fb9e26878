"""The small LALM's training: what it draws, what it trains, and that a run in parts is one run."""

import argparse
import json
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn

from ccsav.lalm.loading import SMALL_PARTS
from ccsav_lab import small
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import train_small_lalm
from mini_lalm.clips import HELD_OUT_SPEAKERS, TRAINED
from mini_lalm.questions import DIGITS, PHRASINGS
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
    config = json.loads((SMALL_PARTS / "config.json").read_text("utf-8"))
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
        (parts / name).write_text((SMALL_PARTS / name).read_text("utf-8"), "utf-8")
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


def trainer(tiny, work, steps=4, **changed):
    """A trainer of four steps, two of them with the language model, stopped after `steps`."""
    work.mkdir(exist_ok=True)
    options = {
        "seed": 3, "wheel": None, "parts": tiny, "device": "cpu", "without": ["rain"],
        "folds": [1], "real": None, "rank": 2, "targets": ["q_proj"], "encoder_targets": ["fc1"],
        "work": work, "steps": 4, "first_steps": 2, "out": work / "out.safetensors",
    }  # fmt: skip
    made = train_small_lalm.Trainer(argparse.Namespace(**options | changed))
    train_small_lalm.train(made, steps)
    return made


@pytest.mark.slow
def test_a_run_in_parts_is_the_same_run(tiny, tmp_path, recordings, monkeypatch):
    monkeypatch.setattr(train_small_lalm, "read_recordings", lambda *_: recordings)
    monkeypatch.setattr(train_small_lalm, "SAVE_EVERY", 3)
    whole = trainer(tiny, tmp_path / "whole")
    trainer(tiny, tmp_path / "parts-of-it", 3)
    assert not (tmp_path / "parts-of-it" / "out.safetensors").exists()  # not finished
    rest = trainer(tiny, tmp_path / "parts-of-it")
    np.testing.assert_array_equal(rest.log, whole.log)
    assert whole.step == rest.step == 4
    for name, weight in whole.parts.items():
        torch.testing.assert_close(weight, rest.parts[name], rtol=0, atol=0, msg=name)
    saved = load_file(tmp_path / "whole" / "out.safetensors")
    assert {"connector.weight", "connector.bias", "marks"} < set(saved)
    assert saved["model.language_model.layers.1.self_attn.q_proj.B"].abs().max() > 0
    language, tokenizer = small.read_language_model(None)
    (tiny / "trained.safetensors").write_bytes((tmp_path / "whole/out.safetensors").read_bytes())
    joined, _ = small.join(tiny, language, tokenizer)
    layer = "model.audio_tower.layers.0.fc1"
    trained = whole.model.get_submodule(layer)
    expected = trained.frozen.weight.float() + trained.B @ trained.A
    torch.testing.assert_close(joined.get_submodule(layer).weight, expected, atol=2e-3, rtol=1e-2)


@pytest.mark.slow
def test_a_run_goes_on_with_its_own_options_alone(tiny, tmp_path, recordings, monkeypatch):
    monkeypatch.setattr(train_small_lalm, "read_recordings", lambda *_: recordings)
    monkeypatch.setattr(train_small_lalm, "SAVE_EVERY", 1)
    trainer(tiny, tmp_path / "run", 1)
    with pytest.raises(SystemExit, match=r"begun with other options \(seed\): give the same"):
        trainer(tiny, tmp_path / "run", seed=4)


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


def test_only_its_own_recordings_are_read(tmp_path):
    """Folds 4 and 5, two speakers, and names that are left out are not read."""
    wave = np.zeros(800, np.float32)
    speakers = ["jackson", "george", *HELD_OUT_SPEAKERS]
    rows = {
        "esc10": [
            {"path": f"{fold}-{label}.wav", "label": label, "fold": fold}
            for fold in range(1, 6)
            for label in clips.ESC_NAMES
        ],
        "fsdd": [{"path": f"{name}.wav", "label": 7, "speaker": name} for name in speakers],
    }
    for dataset, table in rows.items():
        (tmp_path / dataset).mkdir()
        pd.DataFrame(table).to_csv(tmp_path / dataset / "manifest.csv", index=False)
        for row in table:  # only what may be read is there
            if row.get("fold", 1) <= 3 and row.get("speaker") not in HELD_OUT_SPEAKERS:
                soundfile.write(tmp_path / dataset / row["path"], wave, clips.RATE)
    read = clips.read_recordings(tmp_path, [1, 2, 3], ["rain", "dog"])
    names = [name for _, name in read.environment]
    assert sorted(set(names)) == sorted(set(clips.ESC_NAMES.values()) - {"rain", "dog"})
    assert len(names) == 3 * 8
    assert [digit for _, digit in read.digits] == ["seven", "seven"]


def test_what_is_left_out_is_named_nowhere():
    kept = clips.without_names(TRAINED, ["clock", "rain"])
    assert set(TRAINED) - set(kept) == {"clock", "alarm clock", "rain"}
    chats_kept = clips.without_names(
        [("What is rain?", "Water."), ("And a train?", "Cars.")], ["rain"]
    )
    assert chats_kept == [("And a train?", "Cars.")]
    assert clips.without_names([("What are clocks?", ""), ("Rain?", "")], ["clock", "rain"]) == []
    assert clips.without_names(TRAINED, []) == TRAINED


def test_a_drawn_clip_is_as_long_as_wanted(recordings):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        wave, _ = clips.draw_clip(rng, recordings, ["siren", "dog"], seconds=2.5)
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
    drawn = [words["names"][i] if i != -100 else None for i in named.tolist()]
    assert len(set(drawn) - {None}) > 1
    answered = 0
    for name, row in zip(drawn, ids, strict=False):  # a clip's own chat, where its name is asked
        _, *turns = processor.tokenizer.decode(row).split("<|im_start|>user\n")
        for turn in turns:
            question, _, answer = turn.partition("<|im_start|>assistant\n")
            if any(phrase in question for phrase in (*PHRASINGS["name"], *PHRASINGS["digit"])):
                assert answer.startswith(f"{name}<|im_end|>")
                answered += 1
    assert answered > 1


def test_measured_questions_are_not_trained():
    trained = written.QUESTIONS.replace("\n", "|").split("|")
    assert not set(trained) & set(plain_questions.QUESTIONS)
    assert len(plain_questions.QUESTIONS) == 20
