"""Train the mini LALM, a Qwen2-Audio of 7 million parameters, from scratch.

    python scripts/train_mini_lalm.py --out data/mini-lalm --real ../shared/real

Clips are rendered once into a bank of log-mel features, each beside a machine's copy of it. A
training sequence is a clip and a few questions about it, answered in turn, in the model's own chat
format; the loss is that of the answers' tokens, plus small ones by which the encoder alone names
the clip and tells whether it is a copy (its classifier is thrown away). A batch holds pairs of clip
and copy: what the two have in common cancels, without which copies are hardly ever learned.

The state (weights, optimiser, step) is kept as safetensors: run the same command again to go on.
The forward pass runs in bfloat16 with plain attention: half the time of float32 and fused attention
on a CPU that knows bfloat16, 0.7 s for a step of 32 clips on two cores.
"""

import argparse
import json
import math
import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from mini_lalm import clips
from mini_lalm.model import (
    SECONDS,
    SPECIAL,
    TEXT,
    build_model,
    build_processor,
    build_tokenizer,
    untied,
)
from mini_lalm.questions import DIGITS, ask, settled
from safetensors.torch import load_file, save_file
from torch import nn
from tqdm.auto import tqdm

from ccsav.lalm.families import shortened_encoder
from ccsav.lalm.loading import load_lalm
from ccsav_lab.sounds import CLASSES

BATCH, TURNS = 32, 5
PEAK_RATE, WARM_UP, DECAY = 1e-3, 200, 0.05  # learning rate, steps, weight decay
NAMING_LOSS, TELLING_LOSS = 0.3, 0.5  # weights of the encoder's own losses
VERDICTS, VERDICT_WEIGHT = ["yes", "no", "real", "resynthesised"], 8
BUCKETS = (104, 204, 100 * SECONDS)  # mel frames that clips are padded to
DIGIT_VARIANTS, ESC_VARIANTS = 2, 4  # variants of each real recording in the bank
PORTION = 250  # clips rendered at a time
KEEP_EVERY = 250  # steps


def sources(options) -> list:
    """What to render, in portions: each a function that makes clips, and its arguments."""
    seeds = [[options.seed, k] for k in range(-(-options.clips // PORTION))]
    portions = [(clips.procedural, seed, min(PORTION, options.clips)) for seed in seeds]
    if options.real:
        folder, seed = options.real, options.seed
        portions.insert(0, (clips.spoken_digits, folder / "fsdd", seed, DIGIT_VARIANTS))
        portions.insert(0, (clips.environment, folder / "esc10", seed, ESC_VARIANTS))
    return portions


def heard(portion, extractor) -> list:
    """Clips with their copies: (padded frames, features (2, M, F), true frames, facts) of each."""
    make, *arguments = portion
    found = []
    for number, (wave, facts) in enumerate(make(*arguments)):
        mel = min(-(-len(wave) // 160), BUCKETS[-1])
        frames = next((b for b in BUCKETS if mel + 4 <= b), BUCKETS[-1])
        features = extractor(
            [w[: 160 * frames] for w in (wave, clips.copied(wave, number))],
            sampling_rate=clips.RATE, max_length=160 * frames, padding="max_length",
            return_tensors="np",
        )["input_features"]  # fmt: skip
        found.append((frames, features.astype(np.float16), mel, facts))
    return found


def make_bank(extractor, options) -> dict:
    """All clips by padded length: {frames: (features (N, 2, M, F), lengths (N,), facts)}."""
    bank = {frames: ([], [], []) for frames in BUCKETS}
    work = partial(heard, extractor=extractor)
    portions = sources(options)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        done = pool.imap(work, portions) if options.workers > 1 else map(work, portions)
        bar = tqdm(done, total=len(portions), unit=" portions of the bank")
        for frames, *clip in (clip for portion in bar for clip in portion):
            for kept, new in zip(bank[frames], clip, strict=True):
                kept.append(new)
    return {f: (np.stack(x), np.array(n), facts) for f, (x, n, facts) in bank.items() if facts}


def audio_tokens(mel):
    """How many audio tokens a clip of so many mel frames has."""
    return ((mel - 1) // 2 + 1 - 2) // 2 + 1


def conversation(rng, facts, mel, names) -> str:
    """A chat about one clip, a few questions long."""
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


def answers_only(ids: torch.Tensor, opening: list[int], end: int) -> torch.Tensor:
    """Labels: the tokens of the answers with their ends, -100 elsewhere, (B, T) → (B, T)."""
    labels = torch.full_like(ids, -100)
    for row, label in zip(ids.tolist(), labels, strict=True):
        for t in range(len(row)):
            if row[t : t + len(opening)] == opening:
                start = t + len(opening)
                stop = row.index(end, start) + 1
                label[start:stop] = torch.tensor(row[start:stop])
    return labels


def draw_batch(rng, bank, tokenizer, names) -> tuple[dict, torch.Tensor, torch.Tensor]:
    """A batch of clips of one padded length, each beside its copy.

    Returns the model's arguments, the clips' names, (B,), and whether they are copies, (B,).
    """
    sizes = np.array([len(facts) for _, _, facts in bank.values()])
    frames = rng.choice(list(bank), p=sizes / sizes.sum())
    features, lengths, all_facts = bank[frames]
    picks = rng.integers(len(all_facts), size=BATCH // 2)
    mel = torch.as_tensor(np.repeat(lengths[picks], 2))
    facts = [all_facts[i] | {"real": real} for i in picks for real in ("real", "resynthesised")]
    texts = [conversation(rng, f, m, names) for f, m in zip(facts, mel.tolist(), strict=True)]
    text = tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
    opening = tokenizer("<|im_start|>assistant\n")["input_ids"]
    end = tokenizer.convert_tokens_to_ids(SPECIAL[2])
    arguments = {
        **text,
        "labels": answers_only(text["input_ids"], opening, end),
        "input_features": torch.as_tensor(features[picks]).float().flatten(0, 1),
        "feature_attention_mask": (
            torch.arange(int(frames)) < torch.as_tensor(mel)[:, None]
        ).long(),
    }
    words = [*names, *DIGITS]
    named = torch.tensor([words.index(f.get("name", f.get("digit"))) for f in facts])
    copies = torch.tensor([float(f["real"] != "real") for f in facts])
    return arguments, named, copies


class Trainer:
    """The model, its optimiser and the step, which are saved and restored together."""

    def __init__(self, options, names):
        self.options, self.names, self.step, self.log = options, names, 0, []
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
        both = [*self.model.parameters(), *self.namer.parameters()]
        self.weights = [w for w in both if w.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.weights, betas=(0.9, 0.98), weight_decay=DECAY, lr=PEAK_RATE
        )
        self.state = options.work / "state.safetensors"
        if self.state.exists():
            self.restore()

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine down to a fiftieth."""
        fall = 0.5 * (1 + math.cos(math.pi * min(1, self.step / self.options.steps)))
        return PEAK_RATE * min(1, (self.step + 1) / WARM_UP) * max(0.02, fall)

    def answer_loss(self, arguments) -> torch.Tensor:
        """Cross-entropy of the answers' tokens; the few on which a verdict hangs count more."""
        labels = arguments["labels"][:, 1:]
        inputs = {name: value for name, value in arguments.items() if name != "labels"}
        logits = self.model(**inputs, use_cache=False).logits[:, :-1]
        each = nn.functional.cross_entropy(logits.float().mT, labels, reduction="none")  # (B, T)
        weight = (labels != -100) + (VERDICT_WEIGHT - 1) * torch.isin(labels, self.verdicts)
        return (weight * each).sum() / weight.sum()

    def learn(self, arguments, named, copies) -> tuple[float, float, float]:
        """One step; the losses of the answers, of the encoder's naming and its telling copies."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        device = self.options.device
        arguments = {name: value.to(device) for name, value in arguments.items()}
        mel = arguments["feature_attention_mask"]
        with (
            shortened_encoder(self.model.model.audio_tower, mel.shape[1] // 2),
            torch.autocast(torch.device(device).type, torch.bfloat16),
        ):
            loss = self.answer_loss(arguments)
        heard = self.projected.pop().float()  # (B, T, F)
        tokens = audio_tokens(mel.sum(-1))
        true = (torch.arange(heard.shape[1], device=device) < tokens[:, None]).float()
        mean = torch.einsum("btf,bt->bf", heard, true) / tokens[:, None]
        guesses = self.namer(mean)
        naming = nn.functional.cross_entropy(guesses[:, :-1], named.to(device))
        telling = nn.functional.binary_cross_entropy_with_logits(guesses[:, -1], copies.to(device))
        (loss + NAMING_LOSS * naming + TELLING_LOSS * telling).backward()
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        return loss.item(), naming.item(), telling.item()

    def save(self) -> None:
        """Keep the whole state, atomically, and write the model as it would ship."""
        kept = {f"model.{name}": w.clone() for name, w in self.model.state_dict().items()}
        kept |= {f"namer.{name}": w for name, w in self.namer.state_dict().items()}
        for n, weight in enumerate(self.weights):
            for name, value in self.optimiser.state[weight].items():
                kept[f"optimiser.{n}.{name}"] = value
        partial = self.state.with_suffix(".partial")
        save_file({k: v.contiguous() for k, v in kept.items()}, partial)
        partial.replace(self.state)
        self.write_log()
        untied(self.model).save_pretrained(self.options.out)
        self.processor.save_pretrained(self.options.out)

    def write_log(self) -> None:
        """Keep the training curve: step, three losses, share of fresh clips named rightly."""
        (self.options.work / "log.json").write_text(json.dumps(self.log))

    def restore(self) -> None:
        """Go on from the saved state."""
        kept = load_file(self.state)
        self.log = json.loads((self.options.work / "log.json").read_text())
        for part, module in (("model.", self.model), ("namer.", self.namer)):
            module.load_state_dict(
                {k.removeprefix(part): v for k, v in kept.items() if k.startswith(part)}
            )
        for n, weight in enumerate(self.weights):
            moments = {m: kept[f"optimiser.{n}.{m}"] for m in ("exp_avg", "exp_avg_sq")}
            moments = {m: value.to(self.options.device) for m, value in moments.items()}
            self.optimiser.state[weight] = {"step": kept[f"optimiser.{n}.step"], **moments}
        self.step = int(kept["optimiser.0.step"])
        print(f"going on from step {self.step}")


def free_form(out: Path, number: int, seed: int) -> float:
    """Share of fresh procedural clips that the saved model names rightly, in words."""
    lalm = load_lalm(out, device="cpu")
    fresh = [(wave, facts["name"]) for wave, facts in clips.procedural(seed, number)]
    right = 0
    for start in range(0, len(fresh), BATCH):
        waves, truth = zip(*fresh[start : start + BATCH], strict=True)
        right += sum(a == b for a, b in zip(lalm.answer(waves), truth, strict=True))
    return right / len(fresh)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the mini LALM.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished model")
    parser.add_argument("--work", type=Path, default=Path(".cache/mini-lalm"), help="for the state")
    parser.add_argument("--real", type=Path, help="folder with fsdd/ and esc10/")
    parser.add_argument("--clips", type=int, default=12_000, help="procedural clips in the bank")
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this long")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="that render clips")
    parser.add_argument("--device", default="cpu", help="of the training, such as cuda")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    names = clips.names(real=options.real is not None)
    trainer = Trainer(options, names)
    bank = make_bank(trainer.processor.feature_extractor, options)
    end = time.monotonic() + 60 * options.minutes
    with tqdm(total=options.steps, initial=trainer.step, unit=" steps", mininterval=5) as bar:
        while trainer.step < options.steps and time.monotonic() < end:
            rng = np.random.default_rng([options.seed, trainer.step])
            losses = trainer.learn(*draw_batch(rng, bank, trainer.tokenizer, names))
            bar.update()
            bar.set_postfix_str(
                "answers {:.3f}, naming {:.3f}, telling {:.3f}".format(*losses), refresh=False
            )
            if trainer.step % KEEP_EVERY == 0 or trainer.step == options.steps:
                trainer.save()
                naming = free_form(options.out, 8 * BATCH, seed=10**6 + trainer.step)
                trainer.log.append([trainer.step, *losses, naming])
                trainer.write_log()
                print(f"\nstep {trainer.step}: free-form naming {naming:.3f}", flush=True)
    trainer.save()


if __name__ == "__main__":
    main()
