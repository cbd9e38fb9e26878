"""The tokens of a prompt: which are sound, frames, question or template, and when they sound."""

from itertools import takewhile

import numpy as np
import pandas as pd

from ccsav.lalm.batch_inputs import given_modality
from ccsav.lalm.model import LALM

PARTS = ("audio", "padding", "video", "question", "template")
OTHER_QUESTIONS = ("a", "7")  # what differs from prompts with these is the question


def true_tokens(inputs: dict, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Token numbers of a clip's padded prompt, and which of them are not padding, both (T,).

    Parameters
    ----------
    inputs : arguments of the model for a batch, from `LALM.inputs`.
    i : the clip's place in the batch.
    """
    prefix = "" if "input_ids" in inputs else "decoder_"
    ids, mask = (inputs[f"{prefix}{name}"][i] for name in ("input_ids", "attention_mask"))
    return ids.numpy(), mask.bool().numpy()


def prompt_table(
    lalm: LALM, ids: np.ndarray, ends: tuple[int, int], step: float, seconds: float
) -> pd.DataFrame:
    """The tokens of one prompt: token, part, begin, end, as in `ClipAttention`.

    Parameters
    ----------
    ids : (T,), numbers of its tokens.
    ends : text tokens before and after the question, from `text_around_question`.
    step : from `seconds_per_token`.
    seconds : duration of the clip.
    """
    part, text = np.full(len(ids), "question", object), _is_text(lalm, ids)
    order = np.cumsum(text) - 1  # of the text tokens alone
    after = (order < ends[0]) | (order >= text.sum() - ends[1])
    part[text & after] = "template"
    audio = ids == _special(lalm, "audio_token_id")
    part[~text & ~audio] = "video"
    begin = np.where(audio, step * (np.cumsum(audio) - 1), np.nan)
    part[audio] = np.where(begin[audio] < seconds, "audio", "padding")
    words = {token: lalm.processor.tokenizer.decode([token]) for token in np.unique(ids).tolist()}
    columns = {"token": [words[token] for token in ids.tolist()], "part": part}
    return pd.DataFrame(columns | {"begin": begin, "end": begin + step})


def frame_table(frames: int, step: float, seconds: float) -> pd.DataFrame:
    """The encoder's frames, each of `step` seconds, in the columns of `prompt_table`."""
    begin = step * np.arange(frames)
    part = np.where(begin < seconds, "audio", "padding")
    return pd.DataFrame({"token": "frame", "part": part, "begin": begin, "end": begin + step})


def _is_text(lalm, ids):
    """Which tokens are neither of sound nor of frames."""
    return ~np.isin(ids, [_special(lalm, name) for name in ("audio_token_id", "video_token_id")])


def _special(lalm, name) -> int:
    """The number of a placeholder token; -1 where the model has none."""
    config = lalm.model.config
    own = getattr(config, name, None)
    own = getattr(getattr(config, "audio_config", None), name, None) if own is None else own
    return -1 if own is None else own


def text_around_question(lalm: LALM, waveforms, prompt: str, videos=None) -> tuple[int, int]:
    """How many text tokens of a prompt come before and after the question.

    They are those that it has in common with the prompts of other questions.

    Parameters
    ----------
    waveforms, videos : as in `LALM.inputs`; the first clip is used.
    prompt : from `LALM.prompt`.
    """
    modality, texts = given_modality(waveforms, videos), []
    for text in (prompt, *(lalm.prompt(q, modality) for q in OTHER_QUESTIONS)):
        first = [x if x is None else x[:1] for x in (waveforms, videos)]
        inputs, _ = lalm.inputs(first[0], [text], first[1])
        ids, true = true_tokens(inputs, 0)
        texts.append(ids[true][_is_text(lalm, ids[true])].tolist())
    own, *others = texts
    before = min(_common(own, other) for other in others)
    after = min(_common(own[::-1], other[::-1]) for other in others)
    return min(before, len(own) - after), after


def _common(a, b) -> int:
    """Length of the longest common beginning of two lists."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))))


def seconds_per_token(lalm: LALM) -> float:
    """Seconds of sound for each audio token, by those of a full window; NaN if there are none."""
    full = np.zeros(round(lalm.window * lalm.rate), np.float32)
    inputs, _ = lalm.inputs([full], [lalm.prompt()])
    number = (true_tokens(inputs, 0)[0] == _special(lalm, "audio_token_id")).sum()
    return lalm.window / number if number else np.nan
