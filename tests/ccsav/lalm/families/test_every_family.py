"""Every family, on a tiny model of its real class with random weights, loaded from a folder."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import ccsav
from ccsav.lalm.batch_inputs import model_arguments
from ccsav.lalm.families import FAMILIES
from tests import tiny_models
from tests.ccsav.lalm.comparisons import check_batching, check_sums, relative_error

QUESTIONS = ["What?", "Which of the animals can be heard here?", "", "Who?", "Is it a dog?"]


@pytest.fixture(scope="module", params=[*tiny_models.FAMILIES, "mini-omni"])
def lalm(request, tmp_path_factory):
    if request.param == "mini-omni":  # trained, and with the settings of videos in its folder
        return ccsav.load_lalm("mini-omni", device="cpu")
    folder = tmp_path_factory.mktemp(request.param)
    return ccsav.load_lalm(tiny_models.FAMILIES[request.param](folder), device="cpu")


@pytest.fixture
def waves(lalm, waves):
    """Not longer than the model's window."""
    return [wave[: round(lalm.window * lalm.rate)] for wave in waves]


def test_every_family_has_a_tiny_model():
    names = {FAMILIES[key].name for key in tiny_models.FAMILIES}
    assert names == {family.name for family in FAMILIES.values()}


def test_heads_of_the_decoder_and_of_the_encoder(lalm):
    config = lalm.model.get_decoder().config
    decoder = lalm.heads.query("kind == 'decoder'")
    layers = getattr(config, "num_hidden_layers", None) or config.decoder_layers
    assert decoder["layer"].nunique() == layers
    assert (decoder.groupby("layer").size() == config.num_attention_heads).all()
    attention = lalm.model.get_submodule(decoder["module"].iloc[0].rpartition(".")[0])
    assert set(decoder.query("layer == 0")["dim"]) == {attention.head_dim}
    has_encoder = any(site.kind == "encoder" for site in lalm.family.sites)
    assert (lalm.heads["kind"] == "encoder").any() == has_encoder


def test_projection_of_head_vectors_is_the_attention_output(lalm, waves):
    if lalm.family.equal_lengths:
        waves = [wave[: len(waves[0])] for wave in waves[:2]]
    check_sums(lalm, waves)


def test_batch_equals_single_clips(lalm, waves):
    check_batching(lalm, waves)


def test_batch_of_different_questions_equals_single_clips(lalm, waves):
    heads, prompts = lalm.select("all"), list(map(lalm.prompt, QUESTIONS))
    together = torch.empty(len(waves), len(heads), heads["dim"].max())
    for rows, prepared in lalm.passes(waves, prompts):
        together[rows] = lalm.head_vectors_of(prepared, heads)
    alone = torch.cat(
        [
            lalm.head_vectors([wave], question, heads)
            for wave, question in zip(waves, QUESTIONS, strict=True)
        ]
    )
    assert relative_error(together, alone) <= 1e-4
    other = lalm.head_vectors(waves[:1], "Where?", "decoder")
    alone = alone[:1, lalm.select("decoder").index, : other.shape[-1]]
    assert relative_error(other, alone) > 1e-3


def test_the_clip_changes_the_head_vectors(lalm, waves):
    noise = np.random.default_rng(0).normal(0, 0.3, len(waves[1])).astype(np.float32)
    one, other = lalm.head_vectors([waves[1], noise], heads="all")
    last = lalm.heads["layer"] == lalm.heads.groupby("kind")["layer"].transform("max")
    assert ((one - other).norm(dim=-1) > 1e-3 * one.norm(dim=-1))[last.tolist()].all()


def test_padding_is_cut_just_where_it_is_masked(lalm, waves, monkeypatch):
    short = lalm.head_vectors(waves[2:3], heads="all")
    lengths = {x.shape for x in lalm.inputs(waves[2:3], [lalm.prompt()])[0].values()}
    monkeypatch.setattr(
        "ccsav.lalm.batch_inputs.MARGIN", round(lalm.window * lalm.rate)
    )  # pad to the window
    whole = {x.shape for x in lalm.inputs(waves[2:3], [lalm.prompt()])[0].values()}
    own = lalm.family.name == "Gemma 3n"  # which pads for itself
    assert (lengths != whole) == (lalm.family.masks_padding and not own)
    assert relative_error(short, lalm.head_vectors(waves[2:3], heads="all")) <= 1e-4


def test_clips_that_do_not_fit_are_refused(lalm, waves):
    long = np.zeros(round((lalm.window + 1) * lalm.rate), np.float32)
    with pytest.raises(ValueError, match=r"waveform 0: .* longer than the model's window"):
        lalm.head_vectors([long])
    with pytest.raises(ValueError, match="20 ms is too short"):
        lalm.head_vectors([waves[0][: lalm.rate // 50]])
    shortest = waves[0][: 160 * lalm.family.shortest]
    assert lalm.head_vectors([shortest], heads="all").isfinite().all()


def test_half_the_precision(lalm, waves):
    half = ccsav.load_lalm(lalm.name, device="cpu", dtype="bfloat16")
    exact = lalm.head_vectors(waves[1:2], heads="all")
    error = (half.head_vectors(waves[1:2], heads="all") - exact).norm(dim=-1) / exact.norm(dim=-1)
    assert 0 < error.median() < 0.05


def test_all_heads_can_be_silenced(lalm, waves):
    with lalm.silenced("all", positions="all"):
        assert not lalm.head_vectors(waves[:1], heads="all").any()
    kinds = lalm.heads["kind"].unique()
    first = lalm.heads.groupby("kind", sort=False).head(1).index  # one head of each kind
    values = np.full((len(first), int(lalm.heads["dim"].max())), 0.5)
    with lalm.silenced(first, values, positions="all"):
        vectors = lalm.head_vectors(waves[:1], heads="all")[0]
    for head, kind in zip(first, kinds, strict=True):
        dim = lalm.heads["dim"][head]
        torch.testing.assert_close(vectors[head, :dim], torch.full((dim,), 0.5), msg=kind)
        assert not torch.allclose(vectors[head + 1, :dim], torch.full((dim,), 0.5))


def test_no_logits_are_computed(lalm, waves):
    ran = []
    with lalm.model.get_output_embeddings().register_forward_hook(lambda *_: ran.append("logits")):
        lalm.head_vectors(waves[:1], heads="all")
    assert ran == []


def test_answers_in_words(lalm, waves):
    together = lalm.answer(waves, "What is it?", max_new_tokens=5)
    assert together == [lalm.answer([wave], "What is it?", 5)[0] for wave in waves]
    assert not any("What is it" in answer for answer in together)


def test_ranked_labels_are_as_likely_as_word_by_word(lalm, waves):
    labels, question = ["dog", "a bird that sings", "rain"], "Is it one of these, or another?"
    ranked = lalm.rank(waves, labels, question)
    assert ranked.shape == (len(waves), 3)
    for i in (0, 4):
        inputs, _ = lalm.inputs([waves[i]], [lalm.prompt(question)])
        text = "input_ids" if "input_ids" in inputs else "decoder_input_ids"
        mask, places = (
            text.replace("input_ids", "attention_mask"),
            text.replace("input", "position"),
        )
        for label, score in zip(labels, ranked[i], strict=True):
            spoken = lalm.family.before_answer + label
            tokens = lalm.processor.tokenizer(spoken, add_special_tokens=False)["input_ids"]
            whole = dict(inputs)  # the prompt and the label, in one pass
            whole[text] = torch.cat([inputs[text], torch.tensor([tokens])], dim=1)
            whole[mask] = torch.ones_like(whole[text])
            if places in inputs:
                whole[places] = torch.arange(whole[text].shape[1])[None]
            with torch.inference_mode(), model_arguments(lalm, whole) as arguments:
                logits = lalm.model(**arguments, use_cache=False).logits[0, -len(tokens) - 1 : -1]
            likely = logits.log_softmax(-1)[range(len(tokens)), tokens]
            assert likely.mean().item() == pytest.approx(score, abs=1e-4)
    widths = []
    head = lalm.model.get_output_embeddings()
    with head.register_forward_hook(lambda _, __, out: widths.append(out.shape[1])):
        lalm.rank(waves[:1], labels[:1], question)
    spoken = lalm.processor.tokenizer(lalm.family.before_answer + "dog", add_special_tokens=False)
    assert widths[0] == 1 and sum(widths) == len(spoken["input_ids"])  # no logits that are not used
    with pytest.raises(ValueError, match="hold nothing"):
        lalm.rank(waves[:1], ["dog", ""])


def test_drawn_answers(lalm, waves):
    options = {"question": "What?", "max_new_tokens": 6, "temperature": 2.0}
    drawn = [lalm.answer(waves[:2], seed=seed, **options) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_extraction_and_classification(lalm, folder):
    dataset = ccsav.load_dataset(folder)
    acts = ccsav.extract(lalm, dataset, heads="all", batch_size=5, progress=False)
    wave = dataset.waveform(3, lalm.rate)
    alone = lalm.head_vectors([wave], heads="all").numpy()
    np.testing.assert_allclose(acts.X[3:4], alone, rtol=2e-3, atol=2e-3)
    fitted = ccsav.CCSAVClassifier().fit(acts.X, acts.y)
    assert fitted.score(acts.X, acts.y) > 0.4  # random weights separate them in part


def test_a_checkpoint_of_another_class_is_refused(tmp_path):
    folder = tiny_models.qwen3_asr(tmp_path / "renamed")
    weights = load_file(folder / "model.safetensors")
    renamed = {f"thinker.{name}": weight for name, weight in weights.items()}
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"weights of Qwen3ASR.* are not in it, such as .*-hf"):
        ccsav.load_lalm(folder, device="cpu")
