"""Train the connector alone: the linear map between a frozen encoder and a frozen language model.

The encoder's output for each clip is computed once and kept; a training step is then a pass through
the language model and back. Shapes: N clips, T audio tokens per clip, E numbers per token from the
encoder, F numbers per token of the language model, P tokens in the prompt, A in the answer.
"""

import copy
import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ccsav.lalm.batch_inputs import PREPARING, model_arguments
from ccsav.lalm.model import LALM

RATE = 1e-3  # learning rate at the start; it falls to zero along half a cosine
IGNORED = -100  # target of positions without loss, as `cross_entropy` has it


def new_connector(lalm: LALM, seed: int = 0) -> nn.Linear:
    """A connector of the model's shape with random weights, float32, on the model's device.

    Parameters
    ----------
    lalm : of the class of Qwen2-Audio, whose connector is one linear map.
    seed : of the weights, uniform within ±1/√E.

    Examples
    --------
    >>> import ccsav
    >>> new_connector(ccsav.load_lalm("mini"))
    Linear(in_features=192, out_features=256, bias=True)
    """
    shape = lalm.model.model.multi_modal_projector.linear.weight.shape  # (F, E)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(shape[1], shape[0]).to(lalm.device)


def with_connector(lalm: LALM, linear: nn.Linear) -> LALM:
    """The same model with a copy of another connector; all other weights are shared, not copied.

    Parameters
    ----------
    lalm : of the class of Qwen2-Audio. It stays as it is.
    linear : the connector, E → F. Training it further does not change the model that is returned.

    Examples
    --------
    >>> import ccsav
    >>> mini = ccsav.load_lalm("mini")
    >>> other = with_connector(mini, new_connector(mini))
    >>> other.model.lm_head.weight is mini.model.lm_head.weight
    True
    >>> other.fingerprint == mini.fingerprint  # head vectors in a cache are kept apart by it
    False
    """
    tensors = [*lalm.model.parameters(), *lalm.model.buffers()]
    model = copy.deepcopy(lalm.model, {id(tensor): tensor for tensor in tensors})
    placed = copy.deepcopy(linear).to(lalm.device, lalm.dtype).requires_grad_(False)
    model.model.multi_modal_projector.linear = placed
    name = f"{lalm.name} with another connector"
    return dataclasses.replace(lalm, name=name, model=model, silences=[])


def encode_clips(
    lalm: LALM, waveforms: Sequence[np.ndarray], batch_size: int = 16, progress: bool = True
) -> Tensor:
    """What the encoder hands to the connector, (N, T, E), float32.

    Parameters
    ----------
    lalm : of the class of Qwen2-Audio.
    waveforms : N clips of one length at `lalm.rate`; `ValueError` if lengths differ.
    batch_size : clips per pass.
    progress : show a bar.

    Examples
    --------
    >>> import ccsav, numpy as np
    >>> encode_clips(ccsav.load_lalm("mini"), [np.zeros(16_000)] * 3, progress=False).shape
    torch.Size([3, 25, 192])
    """
    if len(lengths := {len(wave) for wave in waveforms}) > 1:
        raise ValueError(f"clips of one length are needed; these have {sorted(lengths)} samples.")
    tower, encoded = lalm.model.model.audio_tower, []
    starts = range(0, len(waveforms), batch_size)
    for start in tqdm(starts, desc="encode", unit=" batches", disable=not progress):
        batch = waveforms[start : start + batch_size]
        inputs, frames = lalm.inputs(batch, [lalm.prompt()] * len(batch))
        tokens = int((inputs["input_ids"][0] == lalm.model.config.audio_token_id).sum())
        with model_arguments(lalm, inputs) as arguments, torch.inference_mode():
            features = arguments["input_features"]
            heard = torch.arange(features.shape[-1] // 2) < frames[:, None]  # (B, frames)
            heard = heard[:, None, None].to(features.device)
            output = tower(features, attention_mask=heard).last_hidden_state
        encoded.append(output[:, :tokens].float())
    return torch.cat(encoded).clone()


def prompt_tokens(lalm: LALM, question: str, tokens: int) -> Tensor:
    """The prompt of a clip with so many audio tokens, (P,).

    Examples
    --------
    >>> import ccsav
    >>> mini = ccsav.load_lalm("mini")
    >>> ids = prompt_tokens(mini, "What sound is this?", 25)
    >>> len(ids), int((ids == mini.model.config.audio_token_id).sum())
    (43, 25)
    """
    mark = lalm.processor.audio_token
    text = lalm.prompt(question).replace(mark, mark * tokens)
    with PREPARING:
        ids = lalm.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
    return torch.tensor(ids, device=lalm.device)


def answer_tokens(lalm: LALM, answers: Sequence[str]) -> Tensor:
    """Answers as tokens with the end token after them, (N, A); -100 fills the shorter ones.

    Examples
    --------
    >>> import ccsav
    >>> answer_tokens(ccsav.load_lalm("mini"), ["dog", "alarm clock"]).shape
    torch.Size([2, 4])
    """
    tokenizer, end = lalm.processor.tokenizer, lalm.model.generation_config.eos_token_id
    end = end[0] if isinstance(end, list) else end
    end = tokenizer.eos_token_id if end is None else end
    texts = [lalm.family.before_answer + answer for answer in answers]
    with PREPARING:
        rows = [[*ids, end] for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
    longest = max(map(len, rows))
    rows = [row + [IGNORED] * (longest - len(row)) for row in rows]
    return torch.tensor(rows, device=lalm.device)


def answer_loss(lalm: LALM, audio: Tensor, prompt: Tensor, answers: Tensor) -> Tensor:
    """Mean cross-entropy of the answers' tokens, each predicted from all tokens before it.

    Parameters
    ----------
    lalm : its language model is used, not its connector.
    audio : (B, T, F), the connector's output.
    prompt : (P,), from `prompt_tokens`.
    answers : (B, A), from `answer_tokens`.

    Examples
    --------
    >>> import ccsav
    >>> mini = ccsav.load_lalm("mini")
    >>> prompt = prompt_tokens(mini, "What sound is this?", 25)
    >>> audio = new_connector(mini)(torch.zeros(2, 25, 192))
    >>> answer_loss(mini, audio, prompt, answer_tokens(mini, ["dog", "rain"])).shape
    torch.Size([])
    """
    inner = lalm.model.model.language_model
    tokens = torch.cat([prompt.expand(len(answers), -1), answers.clamp(min=0)], dim=1)  # (B, P+A)
    embedded = inner.embed_tokens(tokens)  # (B, P + A, F)
    is_audio = (tokens == lalm.model.config.audio_token_id)[..., None]
    embedded = embedded.masked_scatter(is_audio, audio.to(embedded.dtype))
    hidden = inner(inputs_embeds=embedded, use_cache=False).last_hidden_state
    chosen = answers != IGNORED
    logits = lalm.model.lm_head(hidden[:, len(prompt) - 1 : -1][chosen]).float()  # (tokens, V)
    return nn.functional.cross_entropy(logits, answers[chosen])


def train_connector(
    lalm: LALM,
    linear: nn.Linear,
    encoded: Tensor,
    labels: Sequence[str],
    question: str,
    *,
    steps: int = 40,
    batch_size: int = 8,
    rate: float = RATE,
    watched: Sequence[np.ndarray] = (),
    rounds: Sequence[int] = (0, 5, 10, 20, 40),
    seed: int = 0,
    progress: bool = True,
) -> tuple[np.ndarray, pd.DataFrame]:
    """Train a connector in place so that the frozen language model answers with the labels.

    Parameters
    ----------
    lalm : the frozen model.
    linear : the connector, from `new_connector`; it is changed.
    encoded : (N, T, E), from `encode_clips`.
    labels : N answers in words.
    question : asked about every clip.
    steps, batch_size, rate : of AdamW; the clips of a step are drawn at random.
    watched : clips that are not trained on; the model is asked about them on the way.
    rounds : after how many steps, from 0; rounds after the last step are left out.
    seed : of the draws.
    progress : show a bar with the loss.

    Returns
    -------
    losses : (steps,) float
    answers : DataFrame
        A row per watched clip, a column per round, named by the number of steps done.

    Examples
    --------
    >>> import ccsav
    >>> mini = ccsav.load_lalm("mini")
    >>> linear, encoded = new_connector(mini), torch.randn(4, 25, 192)
    >>> task = encoded, ["dog", "dog", "rain", "rain"], "What sound is this?"
    >>> losses, answers = train_connector(mini, linear, *task, steps=2, progress=False)
    >>> losses.shape, answers.shape
    ((2,), (0, 0))
    """
    rng = np.random.default_rng(seed)
    prompt = prompt_tokens(lalm, question, encoded.shape[1])
    targets = answer_tokens(lalm, labels)  # (N, A)
    optimiser = torch.optim.AdamW(linear.parameters(), lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses, answers = [], {}
    with tqdm(total=steps, desc="train", unit=" steps", disable=not progress) as bar:
        for step in range(steps + 1):
            if len(watched) and step in rounds:
                asked = with_connector(lalm, linear)
                answers[step] = asked.answer(watched, question, max_new_tokens=10)
            if step == steps:
                break
            rows = torch.as_tensor(rng.choice(len(encoded), batch_size))
            loss = answer_loss(lalm, linear(encoded[rows]), prompt, targets[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(linear.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            falling.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.2f}", refresh=False)
            bar.update()
    return np.array(losses), pd.DataFrame(answers)
