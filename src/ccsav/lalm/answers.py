"""What a model says when it has heard, and how likely it is to say something."""

import copy
from collections.abc import Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from ccsav.lalm.families import positions


def generate(
    model: nn.Module,
    tokenizer,
    arguments: Mapping[str, torch.Tensor],
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> list[str]:
    """Answers in words, one per row of a batch.

    arguments: of the model, on its device, prompts padded on the left. max_new_tokens: where an
    answer is cut. temperature: 0: the likeliest word every time; else words are drawn by
    softmax(logits / temperature), the same for the same seed and batch.
    """
    text = _text(arguments)
    given = {name: x for name, x in arguments.items() if not name.endswith("position_ids")}
    how = {"do_sample": False}
    if temperature > 0:
        how = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    if model.generation_config.eos_token_id is None:
        how["eos_token_id"] = tokenizer.eos_token_id
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.inference_mode(), torch.random.fork_rng(devices), _last_position(model):
        torch.manual_seed(seed)
        tokens = model.generate(**given, **how, max_new_tokens=max_new_tokens, max_length=None)
    said = tokens[:, arguments[text].shape[1] :] if text == "input_ids" else tokens
    return [answer.strip() for answer in tokenizer.batch_decode(said, skip_special_tokens=True)]


def likelihoods(
    model: nn.Module,
    arguments: Mapping[str, torch.Tensor],
    answers: Sequence[Sequence[int]],
) -> torch.Tensor:
    """Mean log-likelihood per token of each answer, for each row of a batch, (B, answers).

    arguments: as of `generate`. answers: tokens of each. The clips are heard once: what is kept of
    that pass is taken up again with each answer.
    """
    text = _text(arguments)
    mask_name, position_name = text.replace("input_ids", "attention_mask"), _positions(text)
    n_rows = len(arguments[text])
    out = torch.empty(n_rows, len(answers))
    with torch.inference_mode():
        with _last_position(model):
            heard = model(**arguments, use_cache=True)
        first = heard.logits[:, -1].float().log_softmax(-1)  # (B, V)
        for i, answer in enumerate(answers):
            total = first[:, answer[0]]
            if len(answer) > 1:
                tokens = torch.tensor([answer[:-1]] * n_rows, device=first.device)
                mask = torch.cat([arguments[mask_name], torch.ones_like(tokens)], dim=1)
                places = positions(mask)[:, -tokens.shape[1] :]
                shift = getattr(model.base_model, "rope_deltas", None)
                if position_name not in arguments and shift is not None:
                    places = (places + shift.to(places)).expand(3, -1, -1)  # time, row, column
                step = {text: tokens, mask_name: mask, position_name: places}
                if text != "input_ids":
                    step["encoder_outputs"] = (heard.encoder_last_hidden_state,)
                kept = copy.deepcopy(heard.past_key_values)
                logits = model(**step, past_key_values=kept, use_cache=True).logits
                rest = torch.tensor(answer[1:], device=first.device).expand(n_rows, -1)
                likely = logits.float().log_softmax(-1).gather(-1, rest[..., None])  # (B, n, 1)
                total = total + likely.sum((1, 2))
            out[:, i] = total.cpu() / len(answer)
    return out


@contextmanager
def _last_position(model):
    """Logits of the last position alone: those of a whole prompt would fill the memory."""
    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda _, args: (args[0][:, -1:], *args[1:]))
    try:
        yield
    finally:
        hook.remove()


def _text(arguments):
    """The name of the argument that holds the prompts."""
    return "input_ids" if "input_ids" in arguments else "decoder_input_ids"


def _positions(text):
    return text.replace("input_ids", "position_ids")
