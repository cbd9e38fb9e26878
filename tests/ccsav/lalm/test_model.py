import numpy as np
import pytest
import torch
from transformers import AutoConfig

import ccsav
from tests import tiny_models


def outputs_of_projections(lalm, waves, question=None):
    """What each output projection gives at the read-out positions, module → (B, width)."""
    taken, hooks = {}, []
    prompts = [lalm.prompt(question)] * len(waves)
    inputs, frames = lalm.inputs(waves, prompts)
    for module, rows in lalm.heads.groupby("module"):

        def keep(_, __, output, module=module, pool=rows["pool"].iloc[0]):
            if pool == "last":
                taken[module] = output[:, -1]
            else:  # clips padded to one length, or one after the other
                packed = output.ndim == 2
                parts = output[: frames.sum()].split(frames.tolist()) if packed else output
                taken[module] = torch.stack(
                    [x[:n].mean(0) for x, n in zip(parts, frames, strict=True)]
                )

        hooks.append(lalm.model.get_submodule(module).register_forward_hook(keep))
    try:
        with torch.inference_mode(), lalm._encoder_fits(inputs):
            lalm.model.base_model(**inputs, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return taken


def check_sums(lalm, waves):
    """Σ_k W_O[:, slice k] h_k + bias is the projection's output, in every layer."""
    vectors = lalm.head_vectors(waves, heads="all")
    expected = outputs_of_projections(lalm, waves)
    assert len(expected) == lalm.heads["module"].nunique() > 0
    for module, rows in lalm.heads.groupby("module"):
        projection = lalm.model.get_submodule(module)
        dim = rows["dim"].iloc[0]
        total = torch.zeros(len(waves), projection.weight.shape[0])
        for k, row in rows.iterrows():
            columns = slice(row["head"] * dim, (row["head"] + 1) * dim)
            total += vectors[:, k, :dim] @ projection.weight[:, columns].T
        if projection.bias is not None:
            total += projection.bias
        torch.testing.assert_close(total, expected[module], rtol=1e-5, atol=1e-5)


def relative_error(a, b):
    """Largest difference of any head vector, relative to its length."""
    return ((a - b).norm(dim=-1) / b.norm(dim=-1)).max().item()


def check_batching(lalm, waves, heads="all"):
    together = lalm.head_vectors(waves, heads=heads)
    alone = torch.cat([lalm.head_vectors([wave], heads=heads) for wave in waves])
    assert relative_error(together, alone) <= 1e-4


def test_head_table(whisper, qwen):
    assert whisper.heads.groupby("kind").size().to_dict() == {
        "cross": 8,
        "decoder": 8,
        "encoder": 8,
    }
    assert set(whisper.heads["dim"]) == {12}
    assert qwen.heads.groupby("kind").size().to_dict() == {"decoder": 12, "encoder": 8}
    dims = qwen.heads.groupby("kind")["dim"].unique().map(list).to_dict()
    assert dims == {"decoder": [24], "encoder": [8]}
    assert qwen.heads.columns[:4].tolist() == ["layer", "head", "kind", "dim"]


def test_clips_of_one_length_may_be_one_array(lalm, waves):
    stacked = np.stack([wave[:1200] for wave in waves])
    listed = lalm.head_vectors(list(stacked))
    torch.testing.assert_close(lalm.head_vectors(stacked), listed)


def test_real_whisper(shared, waves):
    real = ccsav.load_lalm(shared / "real" / "whisper-tiny.en", device="cpu")
    assert real.heads.groupby("kind").size().to_dict() == {
        "cross": 24,
        "decoder": 24,
        "encoder": 24,
    }
    assert real.window == 30
    check_sums(real, waves[:2])
    check_batching(real, waves[:3])


def test_subset_of_heads_and_early_stop(lalm, waves):
    everything = lalm.head_vectors(waves[:2], heads="all")
    chosen = lalm.heads.query("kind == 'decoder' and layer == 0 and head in [2, 1]")
    ran = []
    last = lalm.model.get_submodule(lalm.family.sites[0].layers)[-1]
    with last.register_forward_hook(lambda *_: ran.append("last layer")):
        some = lalm.head_vectors(waves[:2], heads=chosen)
        assert ran == []
    torch.testing.assert_close(some, everything[:, chosen.index, : some.shape[-1]])
    mask = (lalm.heads["kind"] == "encoder").tolist()
    encoder = lalm.head_vectors(waves[:2], heads=mask)
    torch.testing.assert_close(encoder, everything[:, mask, : encoder.shape[-1]])


def test_encoder_heads_ignore_padding(whisper, waves):
    """The mean is over true frames: for Whisper, that of a plain pass, frame by frame."""
    inputs, frames = whisper.inputs(waves[:1], [whisper.prompt()])
    assert frames.tolist() == [-(-len(waves[0]) // 320)]
    kept = []
    module = whisper.heads.query("kind == 'encoder'")["module"].iloc[0]
    hook = whisper.model.get_submodule(module).register_forward_pre_hook(
        lambda _, args: kept.append(args[0])
    )
    with torch.inference_mode():
        whisper.model.model.encoder(inputs["input_features"])
    hook.remove()
    mean = kept[0][0, : frames[0]].mean(0).view(4, 12)
    taken = whisper.head_vectors(waves[:1], heads="encoder")[0, :4]
    torch.testing.assert_close(taken, mean, rtol=1e-4, atol=1e-5)


def test_hooks_are_removed_and_the_encoder_is_restored_after_an_error(lalm, waves, monkeypatch):
    encoder = lalm.model.get_submodule(lalm.family.encoder)
    table, length = encoder.embed_positions, encoder.config.max_source_positions

    def crash(*_, **__):
        raise ArithmeticError("crash")

    with pytest.raises(ArithmeticError), monkeypatch.context() as patch:
        patch.setattr(type(lalm.model.base_model), "forward", crash)
        lalm.head_vectors(waves[:1])
    assert encoder.embed_positions is table
    assert encoder.config.max_source_positions == length
    assert not any(m._forward_pre_hooks for m in lalm.model.modules())
    assert lalm.head_vectors(waves[:1]).isfinite().all()
    assert not any(m._forward_pre_hooks for m in lalm.model.modules())


def test_answers_in_words(lalm, waves):
    together = lalm.answer(waves, "What is it?", max_new_tokens=5)
    assert len(together) == len(waves)
    assert all(isinstance(answer, str) for answer in together)
    assert together == [lalm.answer([wave], "What is it?", 5)[0] for wave in waves]
    assert not any("assistant" in answer or "What is it" in answer for answer in together)
    encoder = lalm.model.get_submodule(lalm.family.encoder)
    assert encoder.config.max_source_positions == 50 * tiny_models.SECONDS


def test_real_whisper_writes_down_digits(shared):
    lalm = ccsav.load_lalm(shared / "real" / "whisper-tiny.en", device="cpu")
    fsdd = ccsav.load_dataset(shared / "real" / "fsdd", group="speaker")
    rows = [fsdd.table.index[fsdd.table["path"] == f"clips/{d}_jackson_1.wav"][0] for d in (3, 7)]
    said = lalm.answer([fsdd.waveform(i, 16_000) for i in rows])
    assert said[0].strip(".").lower() in ("three", "3")
    assert said[1].strip(".").lower() in ("seven", "7")


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


def test_clip_durations(lalm, waves):
    seconds = tiny_models.SECONDS
    with pytest.raises(ValueError, match=r"waveform 1: 5\.00 s is longer than .* 4 s"):
        lalm.head_vectors([waves[0], np.zeros(5 * 16_000, np.float32)])
    with pytest.raises(ValueError, match="20 ms is too short"):
        lalm.head_vectors([waves[0][:320]])
    exact = np.resize(waves[0], seconds * 16_000 + 1)  # one sample over: resampling does that
    assert lalm.head_vectors([exact]).isfinite().all()


def test_shorter_window(model_folders, waves):
    lalm = ccsav.load_lalm(model_folders["whisper"], device="cpu", window=2.0)
    assert lalm.window == 2
    inputs, _ = lalm.inputs(waves[:1], [lalm.prompt()])
    assert inputs["input_features"].shape[-1] == 200
    check_sums(lalm, waves[:1])
    check_batching(lalm, [waves[0], waves[2]])
    with pytest.raises(ValueError, match="longer than the model's window of 2 s"):
        lalm.head_vectors([waves[1]])
    with pytest.warns(UserWarning, match=r"rounded up to 0\.52 s"):
        assert ccsav.load_lalm(model_folders["whisper"], device="cpu", window=0.5).window == 0.52
    with pytest.raises(ValueError, match="at most 4 seconds"):
        ccsav.load_lalm(model_folders["whisper"], window=5)


def test_selecting_heads(whisper):
    assert set(whisper.select()["kind"]) == {"decoder", "cross"}
    assert len(whisper.select("all")) == len(whisper.heads) == 24
    assert set(whisper.select(["encoder", "cross"])["kind"]) == {"encoder", "cross"}
    assert whisper.select([3, 1]).index.tolist() == [3, 1]
    assert whisper.select(whisper.heads.query("layer == 1")).index.size == 12
    with pytest.raises(ValueError, match=r"no heads of kind \['video'\].*decoder, cross, encoder"):
        whisper.select("video")
    with pytest.raises(ValueError, match="some of 0 to 23"):
        whisper.select([24])
    with pytest.raises(ValueError, match="a mask of 3 for 24"):
        whisper.select(np.array([True, False, True]))


def test_fingerprint(model_folders, whisper):
    again = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    assert again.fingerprint == whisper.fingerprint
    changed = ccsav.load_lalm(model_folders["whisper"], device="cpu")
    weight = changed.model.model.decoder.layers[0].fc1.weight
    weight[[0, 1]] = weight[[1, 0]]  # the same numbers in another order
    assert changed.fingerprint != whisper.fingerprint


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="no model here"):
        ccsav.load_lalm(tmp_path)
    with pytest.raises(OSError, match="no model here"):
        ccsav.load_lalm("./nowhere")
    with pytest.raises(OSError, match=r"nobody/nothing: no local folder, and the Hugging Face hub"):
        ccsav.load_lalm("nobody/nothing")  # HF_HUB_OFFLINE is set: nothing is asked for


def test_an_unsupported_family_lists_the_families(tmp_path):
    AutoConfig.for_model("bert").save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"bert is not supported.*Whisper.*Qwen2-Audio"):
        ccsav.load_lalm(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "unheard_of"}')
    with pytest.raises(ValueError, match=r"not supported.*Whisper.*Qwen2-Audio"):
        ccsav.load_lalm(tmp_path)


def test_pickled_weights_are_never_read(model_folders, tmp_path):
    for file in model_folders["whisper"].iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        ccsav.load_lalm(tmp_path)


def test_dtype_and_device(model_folders, waves):
    lalm = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu", dtype="bfloat16")
    assert lalm.dtype == torch.bfloat16
    exact = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu")
    assert exact.dtype == torch.float32
    error = relative_error(lalm.head_vectors(waves), exact.head_vectors(waves))
    assert 0 < error < 0.2
