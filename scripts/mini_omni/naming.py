"""Linear classifiers beside the model in training: they name what is in a clip from its states."""

import torch
from torch import nn

from ccsav_lab import videos
from mini_omni.bank import TRAINED
from mini_omni.model import FPS, SECONDS

ROWS = videos.CLASSES.loc[TRAINED]
WORDS = {
    "sound": sorted({*ROWS["sound"], *videos.AMBIENT} - {""}),
    "motion": sorted({*ROWS["motion"], *videos.IDLE} - {""}),
    "colour": list(videos.COLOURS),
    "shape": list(videos.SHAPES),
}
HEARD, SEEN = ("sound",), ("motion", "colour", "shape")
GRIDS = SECONDS * FPS // 2  # pairs of frames in a clip


class Namer(nn.Module):
    """Names sound, motion, colour and shape from three places of the model.

    The mean of the audio tower's output; the vision tower's output, each pair of frames apart; and
    the decoder's last state at the last token of the clip, where all of the clip has been read.
    """

    def __init__(self, model, width: int):
        super().__init__()
        sizes = {task: len(words) for task, words in WORDS.items()}
        self.hearing = nn.ModuleDict({task: nn.Linear(width, sizes[task]) for task in HEARD})
        self.seeing = nn.ModuleDict({task: nn.Linear(GRIDS * width, sizes[task]) for task in SEEN})
        self.deciding = nn.ModuleDict({task: nn.Linear(width, sizes[task]) for task in WORDS})
        self.outputs = {}
        for name, tower in (("audio", model.model.audio_tower), ("video", model.model.visual)):
            tower.register_forward_hook(lambda _, __, out, name=name: self.keep(name, out))
        self.clip_tokens = [model.config.audio_token_id, model.config.video_token_id]

    def keep(self, name: str, output) -> None:
        """Keep what a tower has put out in this pass, (tokens of all clips, width)."""
        # the vision tower's is after its merger, one row per token
        self.outputs[name] = getattr(output, "pooler_output", None)
        if self.outputs[name] is None:
            self.outputs[name] = output.last_hidden_state

    def forward(self, states: torch.Tensor, tokens: torch.Tensor, facts: list[dict]):
        """Sum of the mean losses of all classifiers that this batch has input for.

        states, tokens : (B, T, width), (B, T). facts : of each clip.
        """
        outputs, self.outputs = self.outputs, {}
        clip = torch.isin(tokens, torch.tensor(self.clip_tokens, device=tokens.device))  # (B, T)
        last = clip.shape[1] - 1 - clip.int().flip(1).argmax(1)  # (B,)
        state = states[torch.arange(len(states)), last]
        losses = []
        if "audio" in outputs:
            mean = outputs["audio"].unflatten(0, (len(facts), -1)).mean(1)
            losses += self.losses(self.hearing, mean, facts, HEARD)
            losses += self.losses(self.deciding, state, facts, HEARD)
        if "video" in outputs:
            pairs = outputs["video"].unflatten(0, (len(facts), GRIDS, -1)).mean(2).flatten(1)
            losses += self.losses(self.seeing, pairs, facts, SEEN)
            losses += self.losses(self.deciding, state, facts, SEEN)
        return torch.stack(losses).sum()

    def losses(self, classifiers, states, facts, tasks) -> list[torch.Tensor]:
        """Cross-entropy of each task's classifier."""
        return [
            nn.functional.cross_entropy(
                classifiers[task](states),
                torch.tensor([WORDS[task].index(f[task]) for f in facts], device=states.device),
            )
            for task in tasks
        ]
