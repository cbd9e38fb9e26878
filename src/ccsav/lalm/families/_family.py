"""What the library needs to know about a family of models, and what several families share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
import transformers
from torch import nn

QUESTION = "What sound is this?"


@dataclass(frozen=True)
class Site:
    """A stack of attention modules whose heads are read.

    Attributes
    ----------
    kind : "decoder" (self-attention), "cross" (decoder to audio) or "encoder"
    layers : path of the list of layers, from the loaded model
    attention : name of the attention module in each layer, or its path there
    pool : "last" (the last prompt token) or "mean" (over the clip's true frames)
    projections : names that the output projection may have there
    dim : name of the length of a head vector there
    """

    kind: str
    layers: str
    attention: str
    pool: str
    projections: tuple[str, ...] = ("o_proj", "out_proj")
    dim: str = "head_dim"

    def heads_in(self, model: nn.Module) -> Iterator[tuple]:
        """The heads in a model: (layer, head, kind, dim, pool, path of the output projection)."""
        for layer, block in enumerate(model.get_submodule(self.layers)):
            attention = getattr(block, self.attention, None)
            name = next((p for p in self.projections if _attribute(attention, p)), None)
            if name is None:
                raise ValueError(
                    f"layer {self.layers}.{layer} has no {self.attention} with one of "
                    f"{self.projections}: it is not an attention layer that heads can be read from."
                )
            module = f"{self.layers}.{layer}.{self.attention}.{name}"
            width = _attribute(attention, name).weight.shape[1]
            dim = _attribute(attention, self.dim)
            if width % dim:
                raise ValueError(f"{module} takes {width} numbers, not a multiple of {dim}.")
            for head in range(width // dim):
                yield layer, head, self.kind, dim, self.pool, module


def _attribute(module, path):
    """The attribute at a dotted path, or None."""
    for name in path.split("."):
        module = getattr(module, name, None)
    return module


TOWER_SITES = (  # of most families: a language model behind an audio tower
    Site("decoder", "model.language_model.layers", "self_attn", "last"),
    Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
)


@dataclass(frozen=True)
class Family:
    """All that the library needs to know about one family of models.

    Attributes
    ----------
    name : as it is written in texts and errors
    model_class : name of the class in transformers
    sites : where its heads are
    prompt : prompt(lalm, question, modality) is the text up to the answer, as the tokenizer takes
        it
    inputs : inputs(lalm, waveforms, prompts, samples) gives the model's arguments for a batch,
        prompts padded on the left to the longest and clips on the right to `samples` samples, and
        the number of encoder frames that each clip fills, (B,)
    video_inputs : video_inputs(lalm, videos, waveforms, prompts, samples) gives the same for
        videos, each (T, H, W, 3), with their sound or, waveforms None, without; None: the models
        take no video. The processor of such a family has `frame_settings`
    question : the default question
    before_answer : what the models write before a word that starts their answer
    window : longest clip in seconds; None: that of the feature extractor
    shortest : mel frames of the shortest clip that gives audio tokens
    masks_padding : whether the encoder ignores the padding after a clip, so that less padding
        changes nothing
    equal_lengths : whether clips of different lengths must not share a batch
    encoder : path of an encoder that takes a fixed number of frames, see `shortened_encoder`;
        None: it takes any number
    load : load(name_or_path, **options) loads the model, and runs no code that comes with it;
        None: as its class does
    adapt : adapt(model, name_or_path, revision) changes the loaded weights
    unused : beginnings of the names of weights in a checkpoint that are not loaded
    processor : processor(name_or_path, revision) loads the processor, likewise; None:
        AutoProcessor does
    """

    name: str
    model_class: str
    sites: tuple[Site, ...]
    prompt: Callable
    inputs: Callable
    video_inputs: Callable | None = None
    question: str = QUESTION
    before_answer: str = ""
    window: float | None = None
    shortest: int = 7
    masks_padding: bool = False
    equal_lengths: bool = False
    encoder: str | None = None
    load: Callable | None = None
    adapt: Callable | None = None
    unused: tuple[str, ...] = ()
    processor: Callable | None = None

    def load_model(self, name_or_path, dtype, device_map=None, revision=None) -> nn.Module:
        """The model, or a `ValueError` if some of its weights are not in the checkpoint."""
        load = self.load or partial(
            getattr(transformers, self.model_class).from_pretrained, trust_remote_code=False
        )
        options = {"dtype": dtype, "device_map": device_map, "revision": revision}
        model, report = load(
            name_or_path, **options, use_safetensors=True, output_loading_info=True
        )
        missing = sorted(report["missing_keys"])
        if missing:
            raise ValueError(
                f"{name_or_path}: {len(missing)} weights of {self.model_class} are not in it, such "
                f"as {missing[0]}: it was saved for another class. Look for the version for "
                "transformers (on the hub often with -hf in its name)."
            )
        if self.adapt is not None:
            self.adapt(model, name_or_path, revision)
        return model

    def load_processor(self, name_or_path, revision=None) -> object:
        """The processor, for audio and, in a family that takes videos, for frames."""
        load = self.processor or partial(
            transformers.AutoProcessor.from_pretrained, trust_remote_code=False
        )
        return load(name_or_path, revision=revision)


def chat_prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    kind = "audio" if modality == "audio" else "video"
    content = [{"type": kind, f"{kind}_url": "clip"}, {"type": "text", "text": question}]
    turns = [{"role": "user", "content": content}]
    return lalm.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def processor_inputs(lalm, waveforms, prompts, samples, **audio) -> dict:
    """What the model's own processor gives for a batch, padded on the left, and its positions."""
    arguments = dict(
        lalm.processor(
            text=prompts,
            audio=waveforms,
            audio_kwargs={"max_length": samples, "sampling_rate": lalm.rate} | audio,
            text_kwargs={"padding": True, "padding_side": "left"},
            return_tensors="pt",
        )
    )
    check_audio_tokens(arguments, lalm.model.config.audio_token_id)
    return arguments | {"position_ids": position_ids(arguments["attention_mask"])}


def whisper_features(lalm, waveforms, samples) -> tuple[torch.Tensor, torch.Tensor]:
    """Whisper's log-mel features, padded to `samples`, (B, bands, T), and the mask of true ones."""
    audio = lalm.processor.feature_extractor(
        waveforms,
        sampling_rate=lalm.rate,
        max_length=samples,
        padding="max_length",
        return_attention_mask=True,
        return_tensors="pt",
    )
    return audio["input_features"], audio["attention_mask"]


def tokenized_inputs(lalm, texts: list[str]) -> dict:
    """Prompts as tokens with their mask and positions, padded on the left, (B, T)."""
    return token_inputs(lalm.processor.tokenizer(texts, add_special_tokens=False)["input_ids"])


def token_inputs(rows: list[list[int]]) -> dict:
    """Token rows padded on the left to the longest, with their mask and positions, (B, T)."""
    tokens, mask = left_padded(rows)
    return {"input_ids": tokens, "attention_mask": mask, "position_ids": position_ids(mask)}


def left_padded(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows padded on the left to the longest, and the mask of true tokens, both (B, T).

    A tokenizer need not have a padding token: any token serves, because the mask excludes it.
    """
    longest = max(map(len, rows))
    tokens = [[row[0]] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(tokens), torch.tensor(mask)


def position_ids(attention_mask: torch.Tensor) -> torch.Tensor:
    """Positions that start at 0 on each row's first true token, (B, T) → (B, T)."""
    return (attention_mask.cumsum(-1) - 1).clamp(min=0)


def check_audio_tokens(arguments: dict, token: int, number=None) -> None:
    """Raise `ValueError` unless every prompt has audio tokens.

    number: how many it must have, one number or (B,); None: at least one.
    """
    counts = (arguments["input_ids"] == token).sum(-1)  # (B,)
    wrong = (counts == 0) if number is None else (counts == 0) | (counts != number)
    if wrong.any():
        clips = wrong.nonzero()[:, 0].tolist()
        found = f"{counts[wrong].tolist()} audio tokens"
        wanted = "" if number is None else f", not {number}"
        raise ValueError(f"the prompts of clips {clips} in this batch hold {found}{wanted}.")


def stride_2_frames(mel_frames: torch.Tensor) -> torch.Tensor:
    """Frames after a convolution of stride 2, rounded up, (B,) → (B,)."""
    return (mel_frames - 1) // 2 + 1


@contextmanager
def shortened_encoder(encoder: nn.Module, frames: int) -> Iterator[None]:
    """Let a Whisper-type encoder take so many frames in place of its fixed number."""
    table, length = encoder.embed_positions, encoder.config.max_source_positions
    if frames == length:
        yield
        return
    encoder.embed_positions = nn.Embedding.from_pretrained(table.weight[:frames])
    encoder.config.max_source_positions = frames
    try:
        yield
    finally:
        encoder.embed_positions, encoder.config.max_source_positions = table, length
