"""Train the mini LALM, a Qwen2-Audio of 7 million parameters, from scratch.

    python scripts/train_mini_lalm.py --out data/mini-lalm --real ../shared/real

Clips are rendered once into a bank of log-mel features, each beside a machine-made copy. A training
sequence is a clip and a few questions about it with their answers, in the model's own chat format.
The loss is that of the answers' tokens, plus two small ones: a linear classifier on the encoder's
output names the clip and separates clips from copies (it is not saved with the model). A batch has
pairs of clip and copy, so that what they have in common cancels; without this, copies are hardly
ever learned.

The state (weights, optimiser, step) is saved as safetensors; the same command continues from it.
The model is written to --out at the last step.
The forward pass runs in bfloat16 with plain attention, which takes half the time of float32 with
fused attention on a CPU that supports bfloat16: 0.7 s for a step of 32 clips on two cores. On other
CPUs, where bfloat16 is many times slower than float32, it runs in float32.
"""

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from mini_lalm import batches, clips
from mini_lalm.bank import make_bank
from mini_lalm.model import TEXT, build_model, build_processor, build_tokenizer, untied
from mini_lalm.questions import DIGITS
from saved_run import SavedRun, trained
from torch import nn
from tqdm.auto import tqdm

from ccsav.lalm.families import shortened_encoder
from ccsav.lalm.loading import load_lalm
from ccsav_lab.sounds import CLASSES

PEAK_RATE, WARM_UP, DECAY = 1e-3, 200, 0.05  # learning rate, steps, weight decay
NAMING_LOSS, COPIES_LOSS = 0.3, 0.5  # weights of the two losses of the encoder's output
VERDICTS, VERDICT_WEIGHT = ["yes", "no", "real", "resynthesised"], 8
SAVE_EVERY = 250  # steps
DECISIVE = ("seed", "steps", "clips")  # options that the run depends on
NATIVE = torch.cuda.is_available() or bool(torch.cpu.get_capabilities().get("avx512_bf16"))


class Trainer:
    """The model, its optimiser and the step, which are saved and restored together."""

    def __init__(self, options, names):
        self.options, self.names = options, names
        self.tokenizer = build_tokenizer(names, sorted(set(CLASSES["family"])))
        self.processor = build_processor(self.tokenizer)
        self.model = build_model(self.tokenizer, options.seed).to(options.device)
        self.model.set_attn_implementation("eager")
        self.namer = nn.Linear(TEXT["hidden_size"], len(names) + len(DIGITS) + 1)
        self.namer.to(options.device)
        self.verdicts = torch.tensor(self.tokenizer.convert_tokens_to_ids(VERDICTS))
        self.verdicts = self.verdicts.to(options.device)
        self.projected = []
        self.model.model.multi_modal_projector.register_forward_hook(
            lambda _, __, output: self.projected.append(output)
        )
        self.weights = trained(model=self.model, namer=self.namer)
        self.optimiser = torch.optim.AdamW(
            self.weights.values(), betas=(0.9, 0.98), weight_decay=DECAY, lr=PEAK_RATE
        )
        decisive = {name: getattr(options, name) for name in DECISIVE}
        self.run = SavedRun(options.work, decisive | {"real": options.real is not None})
        self.step, self.log = self.run.restore(self.weights, self.optimiser)

    def learning_rate(self) -> float:
        """Linear warm-up, and half a cosine down to a fiftieth of the peak."""
        fall = 0.5 * (1 + math.cos(math.pi * min(1, self.step / self.options.steps)))
        return PEAK_RATE * min(1, (self.step + 1) / WARM_UP) * max(0.02, fall)

    def answer_loss(self, arguments) -> torch.Tensor:
        """Cross-entropy of the answers' tokens; the words of verdicts have a larger weight."""
        labels = arguments["labels"][:, 1:]
        inputs = {name: value for name, value in arguments.items() if name != "labels"}
        logits = self.model(**inputs, use_cache=False).logits[:, :-1]
        each = nn.functional.cross_entropy(logits.float().mT, labels, reduction="none")  # (B, T)
        weight = (labels != -100) + (VERDICT_WEIGHT - 1) * torch.isin(labels, self.verdicts)
        return (weight * each).sum() / weight.sum()

    def train_step(self, arguments, named, copies) -> tuple[float, float, float]:
        """One step; returns the losses of the answers, of the clips' names, and of the copies."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        device = self.options.device
        arguments = {name: value.to(device) for name, value in arguments.items()}
        mel = arguments["feature_attention_mask"]
        with (
            shortened_encoder(self.model.model.audio_tower, mel.shape[1] // 2),
            torch.autocast(torch.device(device).type, torch.bfloat16, enabled=NATIVE),
        ):
            loss = self.answer_loss(arguments)
        encoded = self.projected.pop().float()  # (B, T, F)
        tokens = batches.audio_tokens(mel.sum(-1))
        used = (torch.arange(encoded.shape[1], device=device) < tokens[:, None]).float()
        logits = self.namer(torch.einsum("btf,bt->bf", encoded, used) / tokens[:, None])
        naming = nn.functional.cross_entropy(logits[:, :-1], named.to(device))
        copying = nn.functional.binary_cross_entropy_with_logits(logits[:, -1], copies.to(device))
        (loss + NAMING_LOSS * naming + COPIES_LOSS * copying).backward()
        nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        return loss.item(), naming.item(), copying.item()

    def save(self) -> None:
        """Save the whole state, and the model as it is published, in the folder of the state."""
        self.run.save(self.weights, self.optimiser, self.step, self.log)
        self.publish(self.options.work / "model")

    def publish(self, folder: Path) -> None:
        """Write the model as it is published."""
        untied(self.model).save_pretrained(folder)
        self.processor.save_pretrained(folder)


def share_named(out: Path, number: int, seed: int) -> float:
    """Share of new procedural clips that the saved model names correctly, in words."""
    lalm = load_lalm(out, device="cpu")
    fresh = [(wave, facts["name"]) for wave, facts in clips.procedural(seed, number)]
    right = 0
    for start in range(0, len(fresh), batches.BATCH):
        waves, names = zip(*fresh[start : start + batches.BATCH], strict=True)
        right += sum(a == b for a, b in zip(lalm.answer(waves), names, strict=True))
    return right / len(fresh)


def train(trainer: Trainer, bank: dict, options) -> None:
    """Train until the last step or until the time is over, and save now and then."""
    end = time.monotonic() + 60 * options.minutes
    with tqdm(total=options.steps, initial=trainer.step, unit=" steps", mininterval=5) as bar:
        while trainer.step < options.steps and time.monotonic() < end:
            rng = np.random.default_rng([options.seed, trainer.step])
            batch = batches.draw_batch(rng, bank, trainer.tokenizer, trainer.names)
            losses = trainer.train_step(*batch)
            bar.update()
            bar.set_postfix_str(
                "answers {:.3f}, names {:.3f}, copies {:.3f}".format(*losses), refresh=False
            )
            if trainer.step % SAVE_EVERY == 0 or trainer.step == options.steps:
                trainer.save()
                seed = 10**6 + trainer.step
                named = share_named(options.work / "model", 8 * batches.BATCH, seed)
                trainer.log.append([trainer.step, *losses, named])
                trainer.save()
                print(f"\nstep {trainer.step}: {named:.3f} of new clips named", flush=True)
    trainer.save()
    if trainer.step == options.steps:
        trainer.publish(options.out)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the mini LALM.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the finished model")
    parser.add_argument(
        "--work", type=Path, default=Path(".cache/mini-lalm"), help="folder for the state"
    )
    parser.add_argument("--real", type=Path, help="folder with fsdd/ and esc10/")
    parser.add_argument("--clips", type=int, default=12_000, help="procedural clips in the bank")
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this time")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="processes that render clips"
    )
    parser.add_argument("--device", default="cpu", help="for training, such as cuda")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    trainer = Trainer(options, clips.names(real=options.real is not None))
    extractor = trainer.processor.feature_extractor
    bank = make_bank(extractor, options.clips, options.real, options.seed, options.workers)
    train(trainer, bank, options)


if __name__ == "__main__":
    main()
