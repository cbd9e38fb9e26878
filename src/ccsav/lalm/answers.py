"""The model's answers in words, and the likelihood of given answers."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from ccsav.lalm.families import position_ids


def generate(
    model: nn.Module, tokenizer, arguments: dict, max_new_tokens: int, temperature: float, seed: int
) -> list[str]:
    """Answers in words, one per row of a batch, each cut after `max_new_tokens`.

    The `arguments` are on the model's device, with prompts padded on the left. With temperature
    0, each token is the most likely one; else tokens are drawn from softmax(logits / temperature),
    the same for the same seed and batch.
    """
    text = _text_name(arguments)
    given = {name: x for name, x in arguments.items() if not name.endswith("position_ids")}
    options = {"do_sample": False}
    if temperature > 0:
        options = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    if model.generation_config.eos_token_id is None:
        options["eos_token_id"] = tokenizer.eos_token_id
    gpus = [model.device] if model.device.type == "cuda" else []
    with torch.inference_mode(), torch.random.fork_rng(gpus), _last_logits_only(model):
        torch.manual_seed(seed)
        tokens = model.generate(**given, **options, max_new_tokens=max_new_tokens, max_length=None)
    if text == "input_ids":
        tokens = tokens[:, arguments[text].shape[1] :]
    return [answer.strip() for answer in tokenizer.batch_decode(tokens, skip_special_tokens=True)]


def likelihoods(
    model: nn.Module, arguments: dict, answers: Sequence[Sequence[int]]
) -> torch.Tensor:
    """Mean log-likelihood per token of each answer, for each row of a batch, (B, answers).

    Prompt and clip go through the model once; their keys and values serve every answer. The
    `arguments` are as in `generate`, `answers` are tokens.
    """
    means = []
    with torch.inference_mode():
        with _last_logits_only(model):
            prompt_pass = model(**arguments, use_cache=True)
        first = prompt_pass.logits[:, -1].float().log_softmax(-1)  # (B, V)
        for answer in answers:
            total = first[:, answer[0]]  # (B,)
            if len(answer) > 1:
                total = total + _later_tokens(model, arguments, prompt_pass, answer)
            means.append(total.cpu() / len(answer))
        return torch.stack(means, dim=1)


def _later_tokens(model, arguments, prompt_pass, answer):
    """Log-likelihood of an answer's tokens after its first, summed, (B,)."""
    tokens = torch.tensor(answer, device=prompt_pass.logits.device)
    tokens = tokens.expand(len(prompt_pass.logits), -1)  # (B, n)
    cache = copy.deepcopy(prompt_pass.past_key_values)  # the pass appends to it
    continued = _continued(model, arguments, prompt_pass, tokens[:, :-1])
    logits = model(**continued, past_key_values=cache, use_cache=True).logits  # (B, n - 1, V)
    likely = logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None])  # (B, n - 1, 1)
    return likely.sum((1, 2))


def _continued(model, arguments, prompt_pass, tokens):
    """The model's arguments for a pass over tokens, (B, n), that follow the prompts."""
    text = _text_name(arguments)
    mask_name = text.replace("input_ids", "attention_mask")
    position_name = text.replace("input_ids", "position_ids")
    mask = torch.cat([arguments[mask_name], torch.ones_like(tokens)], dim=1)
    positions = position_ids(mask)[:, -tokens.shape[1] :]
    shift = getattr(model.base_model, "rope_deltas", None)  # of the Omni models
    if position_name not in arguments and shift is not None:
        positions = (positions + shift.to(positions)).expand(3, -1, -1)  # time, row, column
    continued = {text: tokens, mask_name: mask, position_name: positions}
    if text != "input_ids":
        continued["encoder_outputs"] = (prompt_pass.encoder_last_hidden_state,)
    return continued


def _last_logits_only(model):
    """A context without logits of the positions before the last, which would fill the memory."""
    head = model.get_output_embeddings()
    return head.register_forward_pre_hook(lambda _, args: (args[0][:, -1:], *args[1:]))


def _text_name(arguments):
    """The name of the argument that holds the prompts' tokens."""
    return "input_ids" if "input_ids" in arguments else "decoder_input_ids"
