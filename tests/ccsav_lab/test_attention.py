"""Where heads look, against a softmax made by hand from the model's own projections."""

from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest
import torch

import ccsav
from ccsav.lalm.batch_inputs import model_arguments
from ccsav_lab import attention
from tests import tiny_models

RATE = 16_000


@pytest.fixture(params=["mini", "mini_omni", "whisper", "qwen"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def waves(waves):
    """Not longer than the shortest window, that of mini-omni."""
    return [wave[: 2 * RATE] for wave in waves]


def by_hand(lalm, waves, question):
    """softmax(QKᵀ/√d) of the last query, from what the projections give: module → (B, H, S)."""
    names = lalm.select()["module"].str.rpartition(".")[0].unique()
    given, rotation = {}, {}
    inputs, _ = lalm.inputs(waves, [lalm.prompt(q) for q in question])
    with ExitStack() as stack, torch.inference_mode():
        for name in names:
            module = lalm.model.get_submodule(name)

            def keep_rotation(_, args, kwargs, name=name):
                rotation[name] = kwargs.get("position_embeddings")

            hook = module.register_forward_pre_hook(keep_rotation, with_kwargs=True)
            stack.enter_context(hook)
            for part in ("q_proj", "k_proj"):

                def keep(_, args, output, key=(name, part)):
                    given[key] = output

                stack.enter_context(getattr(module, part).register_forward_hook(keep))
        with model_arguments(lalm, inputs) as arguments:
            lalm.model.base_model(**arguments, use_cache=False)
    prefix = "" if "input_ids" in inputs else "decoder_"
    mask, rows = inputs[f"{prefix}attention_mask"].bool(), {}
    for name in names:
        dim = lalm.model.get_submodule(name).head_dim
        q, k = (given[name, part].unflatten(-1, (-1, dim)) for part in ("q_proj", "k_proj"))
        q, k = q.transpose(1, 2), k.transpose(1, 2)  # (B, H, T, d)
        if rotation[name] is not None:
            cos, sin = (x[0] if x.ndim == 4 else x for x in rotation[name])  # (B, T, d)
            q, k = (x * cos[:, None] + half_turned(x) * sin[:, None] for x in (q, k))
        k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
        scores = (q[:, :, -1:] @ k.transpose(-1, -2))[:, :, 0] / dim**0.5  # (B, H, S)
        if "encoder_attn" not in name:
            scores = scores.masked_fill(~mask[:, None], -torch.inf)
        rows[name] = scores.softmax(-1)
    return rows, mask


def half_turned(x):
    left, right = x.chunk(2, dim=-1)
    return torch.cat([-right, left], dim=-1)


def test_equals_a_softmax_by_hand(model, waves):
    waves = waves[:3]
    seen = attention.last_token_attention(model, waves)
    rows, mask = by_hand(model, waves, [None] * 3)
    assert len(seen) == 3 and len(model.select()) > 4
    for i, clip in enumerate(seen):
        size = int(mask[i].sum())
        for k, (_, head) in enumerate(clip.heads.iterrows()):
            right = rows[head["module"].rpartition(".")[0]][i, head["head"]]
            if head["kind"] == "cross":
                mine, others = clip.weights[k, size:], clip.weights[k, :size]
            else:
                right = right[mask[i]]
                mine, others = clip.weights[k, :size], clip.weights[k, size:]
            np.testing.assert_allclose(mine, right.numpy(), atol=2e-5)
            assert not others.any()


def test_padding_on_the_left_changes_nothing(model, waves):
    """In a batch, the prompt of the short clip is padded up to that of the long one."""
    waves = waves[:2]
    together = attention.last_token_attention(model, waves)
    for clip, wave in zip(together, waves, strict=True):
        (alone,) = attention.last_token_attention(model, [wave])
        assert clip.tokens.equals(alone.tokens)
        np.testing.assert_allclose(clip.weights, alone.weights, atol=1e-4)


def test_the_way_of_attention_is_put_back_after_an_error(model, waves, monkeypatch):
    config = model.model.get_submodule(model.select()["module"].iloc[0].rpartition(".")[0]).config
    before = config._attn_implementation
    assert before != "eager"
    vectors = model.head_vectors(waves[:1])

    def fail(*_, **__):
        assert config._attn_implementation == "eager"
        raise RuntimeError("in the middle of the pass")

    with monkeypatch.context() as patch:
        patch.setattr(model.model.base_model, "forward", fail)
        with pytest.raises(RuntimeError, match="in the middle"):
            attention.last_token_attention(model, waves[:1])
    assert config._attn_implementation == before
    assert torch.equal(model.head_vectors(waves[:1]), vectors)


def test_parts_of_a_prompt(mini):
    question = "What sound is this?"
    (seen,) = attention.last_token_attention(mini, [noise(1.0)], question, heads=[0])
    parts = seen.tokens.groupby("part", sort=False)["token"].agg("".join)
    assert parts["question"] == question
    assert mini.processor.tokenizer.decode([mini.model.config.audio_token_id]) in parts["audio"]
    assert set(parts.index) == {"template", "audio", "question"}
    audio = seen.tokens[seen.tokens["part"] == "audio"]
    np.testing.assert_allclose(audio["begin"], 0.04 * np.arange(len(audio)), atol=1e-9)
    assert 0.95 <= audio["end"].iloc[-1] <= 1.0 + 1e-9  # a last token that is not full is dropped


def test_no_question_has_no_tokens(whisper):
    (seen,) = attention.last_token_attention(whisper, [noise(1.0)], "")
    assert set(seen.tokens["part"]) == {"template", "audio", "padding"}
    frames = seen.tokens[seen.tokens["begin"].notna()]
    assert (frames["part"] == "audio").sum() == 50  # of 20 ms
    assert len(frames) == whisper.window * 50


@pytest.mark.parametrize("window", [1, 2])
def test_any_window_of_whisper(model_folders, window):
    whisper = ccsav.load_lalm(model_folders["whisper"], device="cpu", window=window)
    (seen,) = attention.last_token_attention(whisper, [noise(0.5)])
    frames = seen.tokens[seen.tokens["begin"].notna()]
    assert len(frames) == window * 50
    np.testing.assert_allclose(frames["end"].iloc[-1], window)
    np.testing.assert_allclose(seen.weights.sum(1), 1, atol=1e-5)


def test_attention_moves_with_the_sound(mini):
    """Of the heads that look at the sound, most look at a burst where it is."""
    waves = [np.zeros(2 * RATE, np.float32) for _ in range(2)]
    waves[0][2_000:8_000], waves[1][24_000:30_000] = 0.5 * noise(0.375), 0.5 * noise(0.375)
    early, late = attention.last_token_attention(mini, waves)
    halves = [attention.over_time(seen, [0, 1, 2]) for seen in (early, late)]  # (K, 2)
    shift = halves[0][:, 0] - halves[1][:, 0]  # more on the first second if the burst is there
    assert shift.mean() > 0.02


def test_masses_sum_to_one_and_follow_the_weights(mini, waves):
    table = attention.masses_by_part(mini, waves, batch_size=2)
    assert table.index.names == ["clip", "head"]
    assert table.shape == (len(waves) * 48, len(attention.PARTS))
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-5)
    (seen,) = attention.last_token_attention(mini, waves[2:3])
    own = (seen.tokens["part"] == "audio").to_numpy()
    np.testing.assert_allclose(table.loc[2, "audio"], seen.weights[:, own].sum(1), atol=1e-4)


def test_video_and_sound(mini_omni):
    video = np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3), dtype=np.uint8)
    table = attention.masses_by_part(mini_omni, [noise(2.0)], videos=[video])
    assert (table[["audio", "video", "question", "template"]].mean() > 0).all()
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-5)
    silent = attention.masses_by_part(mini_omni, None, videos=[video])
    assert (silent["audio"] == 0).all() and (silent["video"] > 0).any()


def test_time_is_shared_between_bins_by_hand():
    tokens = {"token": ["<s>", "a", "b"], "part": ["template", "audio", "audio"]}
    tokens |= {"begin": [np.nan, 0.0, 1.0], "end": [np.nan, 1.0, 2.0]}
    weights = np.array([[0.5, 0.4, 0.1]], np.float32)
    seen = attention.ClipAttention(pd.DataFrame(index=[0]), pd.DataFrame(tokens), weights)
    np.testing.assert_allclose(attention.over_time(seen, [0, 0.5, 2]), [[0.2, 0.3]])
    names, profiles = attention.class_profiles([seen, seen], ["x", "x"], [0, 2])
    assert names.tolist() == ["x"]
    np.testing.assert_allclose(profiles, [[[0.5]]])


def test_heads_of_the_encoder_are_refused(mini, waves):
    with pytest.raises(ValueError, match="encoder"):
        attention.last_token_attention(mini, waves[:1], heads="all")


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_every_family(family, tmp_path, waves):
    """Attention sums to 1 in every layer; question, template and sound are found."""
    lalm = ccsav.load_lalm(tiny_models.FAMILIES[family](tmp_path / family), device="cpu")
    (seen,) = attention.last_token_attention(lalm, [waves[2]], "Is it a dog?")  # 1 s
    np.testing.assert_allclose(seen.weights.sum(axis=1), 1, atol=1e-5)
    assert {"question", "template", "audio"} <= set(seen.tokens["part"])
    said = "".join(seen.tokens.loc[seen.tokens["part"] == "question", "token"])
    assert said.strip() == "Is it a dog?"
    audio = seen.tokens[seen.tokens["part"] == "audio"]
    assert 0.9 < audio["end"].iloc[-1] < 1.17  # the clip's end, within one token


def noise(seconds):
    rng = np.random.default_rng(3)
    return rng.normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
