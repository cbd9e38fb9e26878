"""Training batches: conversations about clips from the bank, with one sense or with both."""

import numpy as np
import torch
from mini_lalm.batches import answer_labels

from ccsav.lalm.families._omni_video import video_patches, video_tokens
from ccsav_lab.videos import IDLE
from mini_omni.model import END, FPS, SIZE
from mini_omni.questions import AUDIO, BOTH, VIDEO, draw_questions

BATCH, TURNS = 16, 3  # clips per batch, questions about a clip
SIGHTS = 32  # clips per batch for the vision tower alone
MODALITIES, SHARES = (AUDIO, VIDEO, BOTH), (0.25, 0.25, 0.5)
MISMATCHED = 0.4  # share of clips with another scene's sound, where both senses are given
UNLIKE = 0.4  # most correlation between the activities of two scenes that do not belong together


def draw_sights(rng: np.random.Generator, bank: dict) -> tuple[dict, list[dict]]:
    """Arguments for the vision tower alone, for clips drawn from the bank; facts of each."""
    rows = rng.integers(len(bank["facts"]), size=SIGHTS)
    return patches_of(bank, rows), known_facts(bank, rows, rows)


def draw_batch(rng: np.random.Generator, bank: dict, tokenizer) -> tuple[dict, list[dict]]:
    """The model's arguments, with labels, for clips drawn with one modality; facts of each."""
    modality = str(rng.choice(MODALITIES, p=SHARES))
    seen = rng.integers(len(bank["facts"]), size=BATCH)
    heard = seen.copy()
    if modality == BOTH:
        for k in np.flatnonzero(rng.random(BATCH) < MISMATCHED):
            heard[k] = another(rng, bank, seen[k])
    facts = known_facts(bank, seen, heard)
    return arguments_of(rng, bank, tokenizer, modality, seen, heard, facts), facts


def another(rng: np.random.Generator, bank: dict, i: int) -> int:
    """A clip whose sound does not belong to the sight of clip i."""
    idle = bank["facts"][i]["motion"] in IDLE
    while True:
        j = int(rng.integers(len(bank["facts"])))
        if idle or bank["facts"][j]["motion"] in IDLE:
            if idle and bank["facts"][j]["motion"] in IDLE:
                continue  # a sound that is tied to nothing fits any object that is idle
            return j
        pair = bank["activity"][[i, j]]
        if np.corrcoef(pair)[0, 1] < UNLIKE:
            return j


def known_facts(bank: dict, seen, heard) -> list[dict]:
    """Facts of clips with these sights and sounds, and what is known of each frame.

    places : where the object is, (T, 4). activity : of sound and sight, (2, T).
    """
    return [
        joined_facts(bank["facts"], i, j)
        | {"places": bank["places"][i], "activity": bank["activity"][[j, i]]}
        for i, j in zip(seen, heard, strict=True)
    ]


def patches_of(bank: dict, rows) -> dict:
    """Patches and grids of the frames of some clips."""
    patches, grids = zip(
        *(video_patches(bank["frames"][i], SIZE**2, SIZE**2) for i in rows), strict=True
    )
    return {"pixel_values_videos": torch.cat(patches), "video_grid_thw": torch.stack(grids)}


def joined_facts(facts: list[dict], i: int, j: int) -> dict:
    """Facts of a clip with the sight of clip i and the sound of clip j."""
    return facts[i] if i == j else facts[i] | {"sound": facts[j]["sound"], "fits": False}


def arguments_of(rng, bank, tokenizer, modality, seen, heard, facts) -> dict:
    """The model's arguments for these clips, with labels of the answers."""
    mel = torch.from_numpy(bank["mel"][heard]).float()
    frames, sound = patches_of(bank, seen), mel.shape[-1] // 4
    grid = frames["video_grid_thw"][0]  # of all clips: they are equally long and large
    clip = {
        AUDIO: f"<|audio_bos|>{'<|AUDIO|>' * sound}<|audio_eos|>",
        VIDEO: f"<|vision_bos|>{video_tokens(grid)}<|vision_eos|>",
        BOTH: f"<|vision_bos|>{video_tokens(grid, sound, 2 / FPS)}<|vision_eos|>",
    }[modality]
    texts = [_conversation(draw_questions(rng, f, modality, TURNS), clip) for f in facts]
    tokens = dict(tokenizer(texts, padding=True, padding_side="right", return_tensors="pt"))
    opening = tokenizer("<|im_start|>assistant\n")["input_ids"]
    end = tokenizer.convert_tokens_to_ids(END)
    arguments = tokens | {"labels": answer_labels(tokens["input_ids"], opening, end)}
    if modality != VIDEO:
        arguments["input_features"] = mel
        arguments["feature_attention_mask"] = torch.ones(len(mel), mel.shape[-1]).long()
    if modality != AUDIO:
        arguments |= frames | {"video_second_per_grid": torch.full((len(seen),), 2 / FPS)}
    if modality == BOTH:
        arguments["use_audio_in_video"] = torch.tensor(True)
    return arguments


def _conversation(questions, clip) -> str:
    """A chat about one clip."""
    text = ""
    for _, question, answer in questions:
        text += f"<|im_start|>user\n{clip}{question}<|im_end|>\n"
        text += f"<|im_start|>assistant\n{answer}<|im_end|>\n"
        clip = ""
    return text
