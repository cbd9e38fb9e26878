"""What a family of audio-language models has to say about itself."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import transformers

QUESTION = "What sound is this?"


@dataclass(frozen=True)
class Site:
    """A stack of attention modules whose heads are read.

    kind: "decoder" (self-attention), "cross" (decoder to audio) or "encoder".
    layers: path of the list of layers, from the loaded model.
    attention: name of the attention module in each layer, or its path there.
    pool: "last" (the last prompt token) or "mean" (over the clip's true frames).
    projection: name of the output projection there; None: "o_proj" or "out_proj".
    dim: name of the length of a head vector there.
    """

    kind: str
    layers: str
    attention: str
    pool: str
    projection: str | None = None
    dim: str = "head_dim"


TOWER_SITES = (  # of most: a language model behind an audio tower
    Site("decoder", "model.language_model.layers", "self_attn", "last"),
    Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
)


@dataclass(frozen=True)
class Family:
    """All that the library needs to know about one family of models.

    name: for people. model_class: the class in transformers. sites: where its heads are.
    prompt(lalm, question, modality): the text before the answer, as the tokenizer will see it.
    inputs(lalm, waveforms, prompts, samples): the model's arguments for a batch, prompts padded on
        the left to the longest and clips on the right to `samples` samples, and the number of
        encoder frames that each clip fills, (B,).
    video_inputs(lalm, videos, waveforms, prompts, samples): the same for videos, each (T, H, W, 3),
        with their sound or, waveforms None, without; None: the models are blind. fps: frames per
        second that they want to see.
    question: asked by default.
    before_answer: what the models write before a word that starts their answer.
    window: longest clip in seconds; None: what the feature extractor says.
    shortest: samples of the shortest clip that it hears.
    masks_padding: whether the encoder ignores the padding after a clip, so that cutting the padding
        short changes nothing.
    equal_lengths: whether clips of different lengths must not share a batch.
    encoder: path of an encoder that takes a fixed number of frames unless told otherwise; None:
        it takes any number.
    load(name_or_path, **options): loads the model; None: as its class does. adapt(model,
        name_or_path, revision): changes the weights that were loaded.
    unused: beginnings of the names of weights in a checkpoint that are not loaded.
    processor(name_or_path, **options): loads the processor.
    """

    name: str
    model_class: str
    sites: tuple[Site, ...]
    prompt: Callable
    inputs: Callable
    video_inputs: Callable | None = None
    fps: float = 2.0
    question: str = QUESTION
    before_answer: str = ""
    window: float | None = None
    shortest: int = 7 * 160
    masks_padding: bool = False
    equal_lengths: bool = False
    encoder: str | None = None
    load: Callable | None = None
    adapt: Callable | None = None
    unused: tuple[str, ...] = ()
    processor: Callable = transformers.AutoProcessor.from_pretrained


def chat(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    kind = "audio" if modality == "audio" else "video"
    content = [{"type": kind, f"{kind}_url": "clip"}, {"type": "text", "text": question}]
    turns = [{"role": "user", "content": content}]
    return lalm.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def processed(lalm, waveforms, prompts, samples, **audio) -> dict:
    """What the model's own processor makes of a batch, padded on the left, with its positions."""
    arguments = dict(
        lalm.processor(
            text=prompts,
            audio=waveforms,
            audio_kwargs={"max_length": samples, "sampling_rate": lalm.rate} | audio,
            text_kwargs={"padding": True, "padding_side": "left"},
            return_tensors="pt",
        )
    )
    arguments["position_ids"] = positions(arguments["attention_mask"])
    return with_audio(arguments, lalm.model.config.audio_token_id)


def log_mel(lalm, waveforms, samples) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of Whisper's kind, padded to `samples`, (B, bands, T), and the mask of true ones."""
    audio = lalm.processor.feature_extractor(
        waveforms,
        sampling_rate=lalm.rate,
        max_length=samples,
        padding="max_length",
        return_attention_mask=True,
        return_tensors="pt",
    )
    return audio["input_features"], audio["attention_mask"]


def spelled(lalm, texts: list[str]) -> dict:
    """Prompts as tokens with their mask and positions, padded on the left, (B, T)."""
    return padded(lalm.processor.tokenizer(texts, add_special_tokens=False)["input_ids"])


def padded(rows: list[list[int]]) -> dict:
    """Token rows padded on the left to the longest, with their mask and positions, (B, T)."""
    tokens, mask = left_pad(rows)
    return {"input_ids": tokens, "attention_mask": mask, "position_ids": positions(mask)}


def left_pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows padded on the left to the longest, and the mask of true tokens, both (B, T).

    A tokenizer need not have a padding token; what stands under the mask is not read.
    """
    longest = max(map(len, rows))
    tokens = [[row[0]] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(tokens), torch.tensor(mask)


def positions(attention_mask: torch.Tensor) -> torch.Tensor:
    """Positions that start at 0 on each row's first true token, (B, T) → (B, T)."""
    return (attention_mask.cumsum(-1) - 1).clamp(min=0)


def with_audio(arguments: dict, token: int, number=None) -> dict:
    """The model's arguments, if every prompt in them holds audio tokens, else a `ValueError`.

    number: how many it must hold, one number or (B,); default: at least one.
    """
    held = (arguments["input_ids"] == token).sum(-1)  # (B,)
    wrong = (held == 0) if number is None else (held == 0) | (held != number)
    if wrong.any():
        clips = wrong.nonzero()[:, 0].tolist()
        counts = f"{held[wrong].tolist()} audio tokens" + (
            "" if number is None else f", not {number}"
        )
        raise ValueError(f"the prompts of clips {clips} in this batch hold {counts}.")
    return arguments


def halved(mel_frames: torch.Tensor) -> torch.Tensor:
    """Frames after a convolution of stride 2, rounded up, (B,) → (B,)."""
    return (mel_frames - 1) // 2 + 1
