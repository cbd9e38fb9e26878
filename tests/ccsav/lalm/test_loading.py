"""Loading: names and folders, refusals, number formats, windows, and what an import costs."""

import json
import shutil

import pytest
import torch
from transformers import AutoConfig

import ccsav
from ccsav.lalm import checkpoints, loading
from tests.ccsav.lalm.comparisons import check_batching, check_sums, relative_error


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


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="no model here"):
        ccsav.load_lalm(tmp_path)
    with pytest.raises(OSError, match="no model here"):
        ccsav.load_lalm("./nowhere")
    with pytest.raises(
        OSError, match=r"someone/nothing: no local folder, and the Hugging Face hub"
    ):
        ccsav.load_lalm("someone/nothing")  # HF_HUB_OFFLINE is set: no request is sent


@pytest.fixture
def small(model_folders, tmp_path, monkeypatch):
    """The folders of a model named "small" and of the parts that it was made from, both tiny."""
    made, parts = tmp_path / "made", tmp_path / "parts"
    shutil.copytree(model_folders["qwen2_audio"], made)
    parts.mkdir()
    for name in checkpoints.PART_FILES:
        (parts / name).write_text(name)
    note = {"parts": checkpoints.parts_digest(parts)}
    (made / loading.MADE_FROM).write_text(json.dumps(note))
    monkeypatch.setattr(loading, "SMALL", made)
    monkeypatch.setattr(loading, "SMALL_PARTS", parts)
    return made, parts


def test_a_small_model_of_the_parts_that_are_there_is_loaded(small):
    assert ccsav.load_lalm("small", device="cpu").name == "small"


@pytest.mark.parametrize("name", checkpoints.PART_FILES)
def test_a_small_model_of_other_parts_is_refused(small, name):
    made, parts = small
    (parts / name).write_text("trained anew")
    sentence = rf"^{made}: this model was made from other parts .* {parts}\. .*: make small\.$"
    for name_or_path in ("small", made):
        with pytest.raises(OSError, match=sentence):
            ccsav.load_lalm(name_or_path, device="cpu")


def test_a_small_model_of_unknown_parts_is_refused(small):
    made, parts = small
    (made / loading.MADE_FROM).unlink()
    with pytest.raises(OSError, match=r"again: make small\.$"):
        ccsav.load_lalm("small", device="cpu")
    (parts / "config.json").unlink()
    with pytest.raises(OSError, match=r"has no config\.json: .* with a clone"):
        ccsav.load_lalm("small", device="cpu")


def test_an_unsupported_family_lists_the_families(tmp_path):
    AutoConfig.for_model("bert").save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"bert is not supported.*Whisper.*Qwen2-Audio"):
        ccsav.load_lalm(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "unknown_type"}')
    with pytest.raises(ValueError, match=r"not supported.*Whisper.*Qwen2-Audio"):
        ccsav.load_lalm(tmp_path)


def test_code_that_comes_with_a_model_is_never_run(tmp_path):
    (tmp_path / "code.py").write_text("raise SystemExit('the code was run')")
    config = {"model_type": "new_type", "auto_map": {"AutoConfig": "code.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="model type new_type is not supported"):
        ccsav.load_lalm(tmp_path)


def test_pickled_weights_are_never_read(model_folders, tmp_path):
    for file in model_folders["whisper"].iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        ccsav.load_lalm(tmp_path)


@pytest.mark.parametrize(
    ("able", "dtype"),
    [
        ({"avx512_bf16": True}, torch.bfloat16),  # x86
        ({"bf16": True}, torch.bfloat16),  # ARM
        ({"avx512_bf16": False, "avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_fast_is_bfloat16_where_the_cpu_computes_in_it(model_folders, monkeypatch, able, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    folder = model_folders["qwen2_audio"]
    lalm = ccsav.load_lalm(folder, device="cpu", dtype="fast")
    assert lalm.dtype == dtype
    assert str(dtype) in repr(lalm)
    assert ccsav.load_lalm(folder, device="cpu").dtype == torch.float32


def test_dtype_and_device(model_folders, waves):
    lalm = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu", dtype="bfloat16")
    assert lalm.dtype == torch.bfloat16
    exact = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu")
    assert exact.dtype == torch.float32
    error = relative_error(lalm.head_vectors(waves), exact.head_vectors(waves))
    assert 0 < error < 0.2


def test_layers_spread_by_a_device_map(model_folders, waves):
    spread = ccsav.load_lalm(model_folders["qwen2_audio"], device_map={"": "cpu"})
    whole = ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu", dtype="float32")
    torch.testing.assert_close(
        spread.head_vectors(waves[:2], heads="all").float(),
        whole.head_vectors(waves[:2], heads="all"),
    )
    with pytest.raises(ValueError, match="device or device_map, not both"):
        ccsav.load_lalm(model_folders["whisper"], device="cpu", device_map="auto")
