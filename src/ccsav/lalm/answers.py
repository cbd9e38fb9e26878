"""The model's answers in words, and the likelihood of given answers."""

import copy
from collections.abc import Sequence

import numpy as np
import torch

from ccsav.lalm.batch_inputs import PREPARING, model_arguments
from ccsav.lalm.families import position_ids


def generate(
    lalm, inputs: dict, max_new_tokens: int = 16, temperature: float = 0.0, seed: int = 0
) -> list[str]:
    """Answers in words to what `LALM.inputs` prepared, one per clip; see `LALM.answer`."""
    model, tokenizer = lalm.model, lalm.processor.tokenizer
    options = {"do_sample": False}
    if temperature > 0:  # tokens are drawn from softmax(logits / temperature)
        options = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    if model.generation_config.eos_token_id is None:
        options["eos_token_id"] = tokenizer.eos_token_id
    options |= {"max_new_tokens": max_new_tokens, "max_length": None}
    inputs = {name: x for name, x in inputs.items() if not name.endswith("position_ids")}
    gpus = [model.device] if model.device.type == "cuda" else []
    with (
        model_arguments(lalm, inputs) as arguments,
        _last_logits_only(model),
        torch.inference_mode(),
        torch.random.fork_rng(gpus),
    ):
        torch.manual_seed(seed)
        tokens = model.generate(**arguments, **options)
    if "input_ids" in inputs:  # the prompt comes before the answer
        tokens = tokens[:, inputs["input_ids"].shape[1] :]
    with PREPARING:
        answers = tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return [answer.strip() for answer in answers]


def likelihoods(lalm, inputs: dict, labels: Sequence[str]) -> np.ndarray:
    """Mean log-likelihood per token of each label, (B, C), after what `LALM.inputs` prepared.

    Prompt and clip go through the model once; their keys and values serve every label. Raises
    `ValueError` for blank labels, for one text in place of several, and for numbers that overflow.
    """
    if isinstance(labels, str):
        raise ValueError(f"labels={labels!r} is one text: give a list of labels.")
    blank = [label for label in labels if not label.strip()]
    if blank or not len(labels):
        raise ValueError(f"labels {blank} hold nothing that the model could say.")
    texts = [lalm.family.before_answer + label for label in labels]
    with PREPARING:
        tokens = lalm.processor.tokenizer(texts, add_special_tokens=False)["input_ids"]
    model, means = lalm.model, []
    with model_arguments(lalm, inputs) as arguments, torch.inference_mode():
        with _last_logits_only(model):
            prompt_pass = model(**arguments, use_cache=True)
        first = prompt_pass.logits[:, -1].float().log_softmax(-1)  # (B, V)
        for answer in tokens:
            total = first[:, answer[0]]  # (B,)
            if len(answer) > 1:
                total = total + _later_tokens(model, arguments, prompt_pass, answer)
            means.append(total.cpu() / len(answer))
    likely = torch.stack(means, dim=1).numpy()
    if not np.isfinite(likely).all():
        raise ValueError("the model's likelihoods are NaN or infinite: load it in another dtype.")
    return likely


def _later_tokens(model, arguments, prompt_pass, answer):
    """Log-likelihood of an answer's tokens after its first, summed, (B,)."""
    tokens = torch.tensor(answer, device=prompt_pass.logits.device)
    tokens = tokens.expand(len(prompt_pass.logits), -1)  # (B, n)
    prefix = "" if "input_ids" in arguments else "decoder_"
    mask = arguments[f"{prefix}attention_mask"]  # (B, T)
    mask = torch.cat([mask, torch.ones_like(tokens[:, :-1])], dim=1)
    positions = position_ids(mask)[:, 1 - len(answer) :]  # (B, n - 1)
    shift = getattr(model.base_model, "rope_deltas", None)  # of the Omni models
    if f"{prefix}position_ids" not in arguments and shift is not None:
        positions = (positions + shift.to(positions)).expand(3, -1, -1)  # time, row, column
    continued = {"attention_mask": mask, "position_ids": positions, "input_ids": tokens[:, :-1]}
    continued = {prefix + name: x for name, x in continued.items()}
    if prefix:
        continued["encoder_outputs"] = (prompt_pass.encoder_last_hidden_state,)
    cache = copy.deepcopy(prompt_pass.past_key_values)  # the pass appends to it
    logits = model(**continued, past_key_values=cache, use_cache=True).logits  # (B, n - 1, V)
    likely = logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None])  # (B, n - 1, 1)
    return likely.sum((1, 2))


def _last_logits_only(model):
    """A context without logits of the positions before the last, which would fill the memory."""
    head = model.get_output_embeddings()
    return head.register_forward_pre_hook(lambda _, args: (args[0][:, -1:], *args[1:]))
