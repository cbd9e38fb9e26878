import numpy as np
import pytest
import torch

from ccsav_lab import connector

QUESTION = "What sound is this?"


@pytest.fixture
def equal_waves(waves):
    return [wave[:8000] for wave in waves[1:4]]  # half a second each


@pytest.fixture
def linear(qwen):
    return connector.new_connector(qwen)


def test_a_new_connector_depends_on_its_seed_alone(qwen, linear):
    torch.manual_seed(3)
    again, other = connector.new_connector(qwen), connector.new_connector(qwen, seed=1)
    assert torch.equal(linear.weight, again.weight)
    assert not torch.equal(linear.weight, other.weight)
    assert linear.weight.shape == qwen.model.model.multi_modal_projector.linear.weight.shape


def test_the_model_itself_keeps_its_connector(qwen, linear, equal_waves):
    before = qwen.head_vectors(equal_waves, QUESTION)
    other = connector.with_connector(qwen, linear)
    assert not torch.equal(other.head_vectors(equal_waves, QUESTION), before)
    assert torch.equal(qwen.head_vectors(equal_waves, QUESTION), before)
    shared = {id(weight) for weight in qwen.model.parameters()}
    own = [name for name, w in other.model.named_parameters() if id(w) not in shared]
    assert own == [f"model.multi_modal_projector.linear.{part}" for part in ("weight", "bias")]
    assert other.fingerprint != qwen.fingerprint


def test_silence_of_one_model_is_not_that_of_the_other(qwen, linear, equal_waves):
    other = connector.with_connector(qwen, linear)
    heard = other.head_vectors(equal_waves, QUESTION)
    with qwen.silenced("decoder"):
        assert torch.equal(other.head_vectors(equal_waves, QUESTION), heard)


def test_encoded_clips_are_what_the_connector_is_given(qwen, equal_waves):
    given = []
    hook = qwen.model.model.multi_modal_projector.register_forward_pre_hook(
        lambda module, args: given.append(args[0])
    )
    inputs, _ = qwen.inputs(equal_waves, [qwen.prompt(QUESTION)] * len(equal_waves))
    qwen.say(inputs, 1)
    hook.remove()
    encoded = connector.encode_clips(qwen, equal_waves, batch_size=2, progress=False)
    torch.testing.assert_close(encoded, given[0][:, : encoded.shape[1]], atol=1e-4, rtol=1e-4)
    tokens = connector.prompt_tokens(qwen, QUESTION, encoded.shape[1])
    assert torch.equal(tokens, inputs["input_ids"][0])
    with pytest.raises(ValueError, match="one length"):
        connector.encode_clips(qwen, [np.zeros(8000), np.zeros(9000)])


def test_the_loss_is_that_of_the_whole_model(qwen, equal_waves):
    encoded = connector.encode_clips(qwen, equal_waves, progress=False)
    audio = qwen.model.model.multi_modal_projector(encoded)
    prompt = connector.prompt_tokens(qwen, QUESTION, encoded.shape[1])
    answers = connector.answer_tokens(qwen, ["dog", "a high tone", "rain"])
    loss = connector.answer_loss(qwen, audio, prompt, answers)
    inputs, _ = qwen.inputs(equal_waves, [qwen.prompt(QUESTION)] * len(equal_waves))
    costs = []
    for i, row in enumerate(answers):
        row = row[row != connector.IGNORED]
        ids = torch.cat([inputs["input_ids"][i], row])[None]
        whole = {name: inputs[name][i : i + 1] for name in inputs if "feature" in name}
        with connector.model_arguments(qwen, inputs), torch.no_grad():
            mask = torch.ones_like(ids)
            logits = qwen.model(**whole, input_ids=ids, attention_mask=mask).logits[0]
        predicted = logits[len(prompt) - 1 : -1].log_softmax(-1)
        costs += (-predicted[torch.arange(len(row)), row]).tolist()
    assert loss.item() == pytest.approx(np.mean(costs), rel=1e-4)


def test_answers_end_with_the_end_token(qwen):
    one, two = connector.answer_tokens(qwen, ["dog", "a long answer in words"])
    assert (one == connector.IGNORED).sum() > 0 and (two != connector.IGNORED).all()
    assert one[one != connector.IGNORED][-1] == two[-1]


def test_training_changes_the_connector_alone(qwen, linear, equal_waves):
    before = {name: weight.clone() for name, weight in qwen.model.named_parameters()}
    begin = linear.weight.detach().clone()
    encoded = connector.encode_clips(qwen, equal_waves, progress=False)
    task = {"encoded": encoded, "labels": ["dog", "rain", "cat"], "question": QUESTION}
    options = {"batch_size": 3, "rate": 1e-2, "watched": equal_waves[:1], "rounds": (0, 5, 99)}
    losses, answers = connector.train_connector(
        qwen, linear, **task, **options, steps=30, progress=False
    )
    assert all(torch.equal(before[name], w) for name, w in qwen.model.named_parameters())
    assert not torch.equal(linear.weight, begin)
    assert losses.shape == (30,) and losses[-5:].mean() < losses[:5].mean()
    assert list(answers.columns) == [0, 5] and len(answers) == 1
    again = connector.new_connector(qwen)
    repeated, _ = connector.train_connector(
        qwen, again, **task, **options, steps=30, progress=False
    )
    np.testing.assert_allclose(repeated, losses, rtol=1e-3)
