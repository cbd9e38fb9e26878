"""Training batches: chats about clips, and chats without a clip."""

import numpy as np
import torch
from mini_lalm.batches import answer_labels, audio_tokens
from mini_lalm.questions import DIGITS, ask, settled

from small_lalm.clips import draw_clip

TURNS = 2  # questions about a clip
SIZES = {1.0: 20, 2.5: 12, 5.0: 8}  # clips of a batch, by their length in seconds
CHANCES = (0.28, 0.47, 0.25)  # of these lengths
WRITTEN = 0.5  # chance that a batch has a chat without a clip beside its clips
WEIGHTS = {"name": 16, "digit": 16, "family": 2, "is it": 5, "options": 4, "pitch": 1, "events": 3,
           "level": 1, "real": 6}  # fmt: skip
SEVERAL = ["Which sounds do you hear?", "Name all sounds.", "What can be heard?"]
MASKED_BANDS, MASKED_SHARE = 10, 0.15  # of the features: most bands, and share of the time


def draw_batch(rng, recordings, words: dict, processor, written: list[tuple[str, str]]):
    """A batch: the model's arguments, and the index of each clip's name or -100, (B,).

    Parameters
    ----------
    words : "trained" (procedural classes), "names" (all answers that are names, in order).
    written : questions without a clip and their answers.
    """
    seconds = float(rng.choice(list(SIZES), p=CHANCES))
    drawn = [draw_clip(rng, recordings, words["trained"], seconds) for _ in range(SIZES[seconds])]
    waves, facts = zip(*drawn, strict=True)
    extractor = processor.feature_extractor
    hop = extractor.hop_length
    longest = int(np.ceil(max(map(len, waves)) / (4 * hop)) * 4 * hop)
    audio = extractor(
        list(waves), sampling_rate=extractor.sampling_rate, max_length=longest,
        padding="max_length", return_attention_mask=True, return_tensors="pt",
    )  # fmt: skip
    mel = audio["attention_mask"].sum(-1)
    names = [n for n in words["names"] if n not in DIGITS]
    texts = [_chat(rng, f, m, names) for f, m in zip(facts, mel.tolist(), strict=True)]
    if written and rng.random() < WRITTEN:
        texts.append(_turn(*written[rng.integers(len(written))]))
    tokenizer = processor.tokenizer
    text = tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
    opening = tokenizer("<|im_start|>assistant\n")["input_ids"]
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    arguments = {
        "input_ids": text["input_ids"],
        "attention_mask": text["attention_mask"],
        "labels": answer_labels(text["input_ids"], opening, end),
        "input_features": _masked(rng, audio["input_features"]),
        "feature_attention_mask": audio["attention_mask"],
    }
    known = [f.get("name", f.get("digit")) for f in facts]
    named = [words["names"].index(name) if name else -100 for name in known]
    return arguments, torch.tensor(named)


def _masked(rng, features):
    """Features with a band of frequencies and a part of the time set to the clip's minimum."""
    features = features.clone()
    for clip in features:
        if rng.random() < 0.6:
            low = clip.min()
            band, width = rng.integers(clip.shape[0]), rng.integers(MASKED_BANDS)
            clip[band : band + width] = low
            start = rng.integers(clip.shape[1])
            clip[:, start : start + int(rng.uniform(0, MASKED_SHARE) * clip.shape[1])] = low
    return features


def _chat(rng, facts, mel, names) -> str:
    """A chat about one clip, with up to TURNS questions."""
    clip = f"<|audio_bos|>{'<|AUDIO|>' * audio_tokens(mel)}<|audio_eos|>"
    if "names" in facts:
        return _turn(clip + str(rng.choice(SEVERAL)), " and ".join(facts["names"]))
    text, asked = "", frozenset()
    for _ in range(TURNS):
        try:
            task, question, answer = ask(rng, facts, names, asked, WEIGHTS)
        except ValueError:
            break
        text += _turn(clip + question, answer)
        asked, clip = asked | settled(task), ""
    return text


def _turn(question: str, answer: str) -> str:
    """One question and its answer in the chat format."""
    asked = f"<|im_start|>user\n{question}<|im_end|>\n"
    return asked + f"<|im_start|>assistant\n{answer}<|im_end|>\n"
