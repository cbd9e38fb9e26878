"""Linear readouts beside the model in training: what is in a clip, from the model's states."""

import numpy as np
import torch
from torch import nn

from ccsav_lab import videos
from mini_omni.bank import TRAINED
from mini_omni.model import FPS, SECONDS, SIZE
from mini_omni.questions import AUDIO, BOTH, NUMBERS, VERDICTS, VIDEO, answer, possible

ROWS = videos.CLASSES.loc[TRAINED]
WORDS = {
    "sound": sorted({*ROWS["sound"], *videos.AMBIENT} - {""}),
    "motion": sorted({*ROWS["motion"], *videos.IDLE} - {""}),
    "colour": list(videos.COLOURS),
    "shape": list(videos.SHAPES),
    "events": list(NUMBERS),
    "together": VERDICTS,
}
HEARD, SEEN = ("sound",), ("motion", "colour", "shape")
GRIDS, TOKENS = SECONDS * FPS // 2, (SIZE // 28) ** 2  # pairs of frames in a clip, tokens of each
PLACES = 8  # x, y, radius and light in both frames of a pair
SPREAD = 0.02  # of places: the squared error that counts as a loss of 1
TIMED_LAYER, TIMED_SPREAD = 3, 0.1  # decoder layer that tells activity; its error, as above
UNKNOWN = -100  # a task without an answer


class Namer(nn.Module):
    """Linear readouts of four places of the model.

    The mean of the audio tower's output names the sound; the vision tower's output names motion,
    colour and shape, and says where the object is in each pair of frames. The decoder's third layer
    says at each token of sound how active both senses are at that time, without which it did not
    compare them in time. The decoder's last layer answers every question about a clip at its last
    token, where all of it has been read.
    """

    def __init__(self, model, width: int):
        super().__init__()
        sizes = {task: len(words) for task, words in WORDS.items()}
        inputs = {"motion": GRIDS * TOKENS * width, "colour": width, "shape": width}
        self.hearing = nn.ModuleDict({task: nn.Linear(width, sizes[task]) for task in HEARD})
        self.seeing = nn.ModuleDict({task: nn.Linear(inputs[task], sizes[task]) for task in SEEN})
        self.placing = nn.Linear(TOKENS * width, PLACES)
        self.timing = nn.Linear(width, 2)  # how active sound and sight are
        self.deciding = nn.ModuleDict({task: nn.Linear(width, sizes[task]) for task in WORDS})
        self.outputs = {}
        for name, tower in (("audio", model.model.audio_tower), ("video", model.model.visual)):
            tower.register_forward_hook(lambda _, __, out, name=name: self.keep(name, out))
        self.sound_token = model.config.audio_token_id
        self.clip_tokens = [self.sound_token, model.config.video_token_id]

    def keep(self, name: str, output) -> None:
        """Keep what a tower has put out in this pass, (tokens of all clips, width)."""
        self.outputs[name] = output.pooler_output

    def forward(self, states: tuple, tokens: torch.Tensor, facts: list[dict]) -> torch.Tensor:
        """Sum of the mean losses of all readouts that this batch has input for.

        states : of the embeddings and of each layer, (B, T, width). tokens : (B, T).
        facts : of each clip.
        """
        clip = torch.isin(tokens, torch.tensor(self.clip_tokens, device=tokens.device))  # (B, T)
        last = clip.shape[1] - 1 - clip.int().flip(1).argmax(1)  # (B,)
        state = states[-1][torch.arange(len(last)), last]
        modality = {
            (True, False): AUDIO, (False, True): VIDEO, (True, True): BOTH
        }["audio" in self.outputs, "video" in self.outputs]  # fmt: skip
        losses = [self.loss(self.deciding, task, state, facts, modality) for task in WORDS]
        if modality != VIDEO:
            mean = self.outputs.pop("audio").unflatten(0, (len(facts), -1)).mean(1)
            losses += [self.loss(self.hearing, "sound", mean, facts, modality)]
            heard = states[TIMED_LAYER][tokens == self.sound_token].unflatten(0, (len(facts), -1))
            losses += [self.timing_loss(heard, facts, modality)]
        if modality != AUDIO:
            losses += [self.sight_loss(facts)]
        return torch.stack(losses).sum()

    def timing_loss(self, states: torch.Tensor, facts: list[dict], modality: str) -> torch.Tensor:
        """Loss of how active the senses are at each token of sound, (B, tokens, width)."""
        senses = 2 if modality == BOTH else 1
        truth = np.stack([f["activity"][:senses] for f in facts])
        truth = torch.tensor(truth, dtype=states.dtype, device=states.device)  # (B, senses, frames)
        truth = nn.functional.interpolate(truth, states.shape[1], mode="linear").transpose(1, 2)
        return nn.functional.mse_loss(self.timing(states)[..., :senses], truth) / TIMED_SPREAD

    def sight_loss(self, facts: list[dict]) -> torch.Tensor:
        """Loss of what is read from the vision tower's output alone."""
        tokens = self.outputs.pop("video").unflatten(0, (len(facts), GRIDS, TOKENS))
        mean = tokens.mean((1, 2))  # (B, width)
        states = {"motion": tokens.flatten(1), "colour": mean, "shape": mean}
        losses = [self.loss(self.seeing, task, states[task], facts, VIDEO) for task in SEEN]
        places = torch.tensor(np.stack([f["places"] for f in facts]), device=tokens.device)
        places = places.unflatten(1, (GRIDS, 2)).flatten(2)  # (B, GRIDS, PLACES)
        error = nn.functional.mse_loss(self.placing(tokens.flatten(2)), places)
        return torch.stack([*losses, error / SPREAD]).sum()

    def loss(self, classifiers, task: str, states, facts, modality: str) -> torch.Tensor:
        """Mean cross-entropy of one task's classifier, over the clips that answer the task."""
        words = WORDS[task]
        truth = [
            words.index(answer(task, f)) if task in possible(f, modality) else UNKNOWN
            for f in facts
        ]
        truth = torch.tensor(truth, device=states.device)
        each = nn.functional.cross_entropy(
            classifiers[task](states), truth, reduction="none", ignore_index=UNKNOWN
        )
        return each.sum() / (truth != UNKNOWN).sum().clamp(min=1)
