"""Train the mini omni model, a Qwen2.5-Omni thinker of six million parameters.

    python scripts/train_mini_omni.py --out data/mini-omni

Procedural videos are rendered once into a bank. A training sequence is a clip, given as sound, as
sight or as both, and a few questions about it with their answers, in the model's own chat format.
In two clips of five that come with both senses, the sound is another scene's: the model is asked
whether they belong together. The loss is that of the answers' tokens, plus that of linear
readouts (not saved with the model): they name sound, motion, colour and shape from the output of
both towers, answer every question from the decoder's state at the end of the clip, and say from its
state at each token of sound how active both senses are. Without these, the model named no more than
guesses would after 4,000 clips. The first steps train the vision tower alone, with
classifiers that must also say where the object is in each frame. The audio tower is the mini LALM's
encoder, and stays as it is.

The state (weights, optimiser, step) is saved as safetensors; the same command continues from it.
The model is written at the last step.
"""

import argparse
import math
import os
from pathlib import Path

import numpy as np
import torch
from mini_omni import batches
from mini_omni.bank import TRAINED, kept_bank
from mini_omni.model import TEXT, build_model, build_tokenizer, save
from mini_omni.naming import Namer
from mini_omni.questions import NUMBERS, PHRASINGS, VERDICTS
from saved_run import SavedRun, trained
from torch import nn
from tqdm.auto import tqdm

from ccsav_lab import videos

PEAK_RATE, WARM_UP, DECAY = 1e-3, 200, 0.05  # learning rate, steps, weight decay
VERDICT_WEIGHT = 4
NAMING_LOSS = 0.3  # weight of the classifiers' loss
DECISIVE = ("seed", "steps", "clips")  # options that the run depends on
LOOK_STEPS = 400  # first steps, for the vision tower alone
SAVE_EVERY = 250  # steps


class Trainer:
    """The model, its optimiser and the step, which are saved and restored together."""

    def __init__(self, options):
        self.options = options
        answers = [*TRAINED, *videos.IDLE, *videos.AMBIENT, *videos.COLOURS, *videos.SHAPES]
        words = [*answers, *NUMBERS, *VERDICTS, "user", "assistant"]
        asked = [phrase for phrasings in PHRASINGS.values() for phrase in phrasings]
        self.tokenizer = build_tokenizer(" ".join(words).split(), " ".join(asked).split())
        self.model = build_model(self.tokenizer, options.seed).to(options.device)
        verdicts = self.tokenizer.convert_tokens_to_ids(list(VERDICTS))
        self.verdicts = torch.tensor(verdicts, device=options.device)
        self.namer = Namer(self.model, TEXT["hidden_size"]).to(options.device)
        self.weights = trained(model=self.model, namer=self.namer)
        self.optimiser = torch.optim.AdamW(
            self.weights.values(), betas=(0.9, 0.98), weight_decay=DECAY, lr=PEAK_RATE
        )
        self.run = SavedRun(options.work, {name: getattr(options, name) for name in DECISIVE})
        self.step, self.log = self.run.restore(self.weights, self.optimiser)

    def learning_rate(self) -> float:
        """Linear warm-up, and half a cosine down to a fiftieth of the peak."""
        fall = 0.5 * (1 + math.cos(math.pi * min(1, self.step / self.options.steps)))
        return PEAK_RATE * min(1, (self.step + 1) / WARM_UP) * max(0.02, fall)

    def look_step(self, arguments: dict, facts: list[dict]) -> tuple[float, float]:
        """One step of the vision tower with its classifiers; returns no loss of answers, theirs."""
        pixels, grids = (value.to(self.options.device) for value in arguments.values())
        self.model.model.visual(pixels, grid_thw=grids)
        loss = self.namer.sight_loss(facts)
        loss.backward()
        self.update()
        return math.nan, loss.item()

    def train_step(self, arguments: dict, facts: list[dict]) -> tuple[float, float]:
        """One step; returns the losses of the answers' tokens, and of the classifiers.

        The words of verdicts have a larger weight than others.
        """
        arguments = {name: value.to(self.options.device) for name, value in arguments.items()}
        labels = arguments.pop("labels")[:, 1:]
        output = self.model(**arguments, use_cache=False, output_hidden_states=True)
        logits = output.logits[:, :-1]
        counted = labels != -100  # (B, T)
        each = nn.functional.cross_entropy(
            logits[counted].float(), labels[counted], reduction="none"
        )
        weight = 1 + (VERDICT_WEIGHT - 1) * torch.isin(labels[counted], self.verdicts)
        loss = (weight * each).sum() / weight.sum()
        naming = self.namer(output.hidden_states, arguments["input_ids"], facts)
        (loss + NAMING_LOSS * naming).backward()
        self.update()
        return loss.item(), naming.item()

    def update(self) -> None:
        """Change the weights by their gradients, at this step's learning rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1

    def save(self) -> None:
        """Save the whole state; at the last step, the model as it is published."""
        self.run.save(self.weights, self.optimiser, self.step, self.log)
        if self.step == self.options.steps:
            save(self.model, self.tokenizer, self.options.out)


def means(losses: list[tuple]) -> list[float | None]:
    """Mean of each loss over the steps that had it; None if none had."""
    columns = [[x for x in column if not math.isnan(x)] for column in zip(*losses, strict=True)]
    return [round(float(np.mean(column)), 4) if column else None for column in columns]


def train(trainer: Trainer, bank: dict, options) -> None:
    """Train until the last step, and save the state now and then."""
    recent = []
    with tqdm(total=options.steps, initial=trainer.step, unit=" steps", mininterval=10) as bar:
        while trainer.step < options.steps:
            rng = np.random.default_rng([options.seed, trainer.step])
            if trainer.step < LOOK_STEPS:
                losses = trainer.look_step(*batches.draw_sights(rng, bank))
            else:
                losses = trainer.train_step(*batches.draw_batch(rng, bank, trainer.tokenizer))
            recent.append(losses)
            bar.update()
            bar.set_postfix_str("answers {}, names {}".format(*means(recent[-50:])), refresh=False)
            if trainer.step % SAVE_EVERY == 0 or trainer.step == options.steps:
                trainer.log.append([trainer.step, *means(recent[-SAVE_EVERY:])])
                trainer.save()


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the mini omni model.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the finished model")
    parser.add_argument(
        "--work", type=Path, default=Path(".cache/mini-omni"), help="folder for the state"
    )
    parser.add_argument("--clips", type=int, default=12_000, help="clips in the bank")
    parser.add_argument("--steps", type=int, default=3_600)
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="processes that render clips"
    )
    parser.add_argument("--device", default="cpu", help="for training, such as cuda")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    trainer = Trainer(options)
    bank = kept_bank(options.work / "bank", options.clips, options.seed, options.workers)
    train(trainer, bank, options)


if __name__ == "__main__":
    main()
