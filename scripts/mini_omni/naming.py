"""Linear classifiers beside the model in training: they name what is in a clip from its states."""

import numpy as np
import torch
from torch import nn

from ccsav_lab import videos
from mini_omni.bank import TRAINED
from mini_omni.model import FPS, SECONDS, SIZE

ROWS = videos.CLASSES.loc[TRAINED]
WORDS = {
    "sound": sorted({*ROWS["sound"], *videos.AMBIENT} - {""}),
    "motion": sorted({*ROWS["motion"], *videos.IDLE} - {""}),
    "colour": list(videos.COLOURS),
    "shape": list(videos.SHAPES),
}
HEARD, SEEN = ("sound",), ("motion", "colour", "shape")
GRIDS, TOKENS = SECONDS * FPS // 2, (SIZE // 28) ** 2  # pairs of frames in a clip, tokens of each
PLACES = 8  # x, y, radius and light in both frames of a pair
SPREAD = 0.02  # of places: the squared error that counts as a loss of 1


class Namer(nn.Module):
    """Names sound, motion, colour and shape from three places of the model.

    The mean of the audio tower's output; the vision tower's output, which must also say where the
    object is in each pair of frames; and the decoder's last state at the last token of the clip,
    where all of it has been read.
    """

    def __init__(self, model, width: int):
        super().__init__()
        sizes = {task: len(words) for task, words in WORDS.items()}
        inputs = {"motion": GRIDS * TOKENS * width, "colour": width, "shape": width}
        self.hearing = nn.ModuleDict({task: nn.Linear(width, sizes[task]) for task in HEARD})
        self.seeing = nn.ModuleDict({task: nn.Linear(inputs[task], sizes[task]) for task in SEEN})
        self.placing = nn.Linear(TOKENS * width, PLACES)
        self.deciding = nn.ModuleDict({task: nn.Linear(width, sizes[task]) for task in WORDS})
        self.outputs = {}
        for name, tower in (("audio", model.model.audio_tower), ("video", model.model.visual)):
            tower.register_forward_hook(lambda _, __, out, name=name: self.keep(name, out))
        self.clip_tokens = [model.config.audio_token_id, model.config.video_token_id]

    def keep(self, name: str, output) -> None:
        """Keep what a tower has put out in this pass, (tokens of all clips, width)."""
        self.outputs[name] = output.pooler_output

    def forward(self, states: torch.Tensor, tokens: torch.Tensor, facts: list[dict]):
        """Sum of the mean losses of all classifiers that this batch has input for.

        states, tokens : (B, T, width), (B, T). facts : of each clip.
        """
        clip = torch.isin(tokens, torch.tensor(self.clip_tokens, device=tokens.device))  # (B, T)
        last = clip.shape[1] - 1 - clip.int().flip(1).argmax(1)  # (B,)
        state, losses = states[torch.arange(len(states)), last], []
        if "audio" in self.outputs:
            mean = self.outputs.pop("audio").unflatten(0, (len(facts), -1)).mean(1)
            losses += [self.loss(self.hearing, "sound", mean, facts)]
            losses += [self.loss(self.deciding, "sound", state, facts)]
        if "video" in self.outputs:
            losses += [self.loss(self.deciding, task, state, facts) for task in SEEN]
            losses += [self.sight_loss(facts)]
        return torch.stack(losses).sum()

    def sight_loss(self, facts: list[dict]) -> torch.Tensor:
        """Loss of what is read from the vision tower's output alone."""
        tokens = self.outputs.pop("video").unflatten(0, (len(facts), GRIDS, TOKENS))
        mean = tokens.mean((1, 2))  # (B, width)
        states = {"motion": tokens.flatten(1), "colour": mean, "shape": mean}
        losses = [self.loss(self.seeing, task, states[task], facts) for task in SEEN]
        places = torch.tensor(np.stack([f["places"] for f in facts]), device=tokens.device)
        places = places.unflatten(1, (GRIDS, 2)).flatten(2)  # (B, GRIDS, PLACES)
        error = nn.functional.mse_loss(self.placing(tokens.flatten(2)), places)
        return torch.stack([*losses, error / SPREAD]).sum()

    def loss(self, classifiers, task: str, states, facts) -> torch.Tensor:
        """Cross-entropy of one task's classifier."""
        truth = torch.tensor([WORDS[task].index(f[task]) for f in facts], device=states.device)
        return nn.functional.cross_entropy(classifiers[task](states), truth)
