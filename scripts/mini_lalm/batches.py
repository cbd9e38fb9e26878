"""Training batches: conversations about clips from the bank."""

import numpy as np
import torch

from mini_lalm.model import SPECIAL
from mini_lalm.questions import DIGITS, ask, settled

BATCH, TURNS = 32, 5  # clips per batch, questions about a clip


def draw_batch(rng, bank, tokenizer, names) -> tuple[dict, torch.Tensor, torch.Tensor]:
    """Draw clips of one padded length from the bank, each beside its copy.

    Returns
    -------
    tuple
        The model's arguments; the index of each clip's name, (B,); whether it is a copy, (B,).
    """
    sizes = np.array([len(facts) for _, _, facts in bank.values()])
    frames = rng.choice(list(bank), p=sizes / sizes.sum())
    features, lengths, all_facts = bank[frames]
    picks = rng.integers(len(all_facts), size=BATCH // 2)
    mel = torch.as_tensor(np.repeat(lengths[picks], 2))
    facts = [all_facts[i] | {"real": real} for i in picks for real in ("real", "resynthesised")]
    texts = [_conversation(rng, f, m, names) for f, m in zip(facts, mel.tolist(), strict=True)]
    text = tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
    opening = tokenizer("<|im_start|>assistant\n")["input_ids"]
    end = tokenizer.convert_tokens_to_ids(SPECIAL[2])
    arguments = {
        **text,
        "labels": answer_labels(text["input_ids"], opening, end),
        "input_features": torch.as_tensor(features[picks]).float().flatten(0, 1),
        "feature_attention_mask": (
            torch.arange(int(frames)) < torch.as_tensor(mel)[:, None]
        ).long(),
    }
    words = [*names, *DIGITS]
    named = torch.tensor([words.index(f.get("name", f.get("digit"))) for f in facts])
    copies = torch.tensor([float(f["real"] != "real") for f in facts])
    return arguments, named, copies


def audio_tokens(mel):
    """The number of audio tokens of a clip of `mel` frames."""
    return ((mel - 1) // 2 + 1 - 2) // 2 + 1


def _conversation(rng, facts, mel, names) -> str:
    """A chat about one clip, with a few questions."""
    text, asked = "", frozenset()
    clip = f"<|audio_bos|>{'<|AUDIO|>' * audio_tokens(mel)}<|audio_eos|>"
    for _ in range(TURNS):
        try:
            task, question, answer = ask(rng, facts, names, asked)
        except ValueError:
            break
        text += f"<|im_start|>user\n{clip}{question}<|im_end|>\n"
        text += f"<|im_start|>assistant\n{answer}<|im_end|>\n"
        asked, clip = asked | settled(task), ""
    return text


def answer_labels(ids: torch.Tensor, opening: list[int], end: int) -> torch.Tensor:
    """The tokens of the answers with their ends, -100 elsewhere, (B, T) → (B, T)."""
    labels = torch.full_like(ids, -100)
    for row, label in zip(ids.tolist(), labels, strict=True):
        for t in range(len(row)):
            if row[t : t + len(opening)] == opening:
                start = t + len(opening)
                stop = row.index(end, start) + 1
                label[start:stop] = torch.tensor(row[start:stop])
    return labels
