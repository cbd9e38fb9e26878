"""What differs between families of audio-language models: the prompt, the inputs, where heads are.

To add a family: write its `prompt` and `inputs`, and enter it in `FAMILIES` under the
`model_type` of its transformers config.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

SAMPLES_PER_FRAME = 320  # Whisper-type encoders: hop of 160 samples, then a stride of 2
MULTILINGUAL_VOCABULARY = 51_865  # tokens; OpenAI's English-only Whisper models have fewer
QUESTION = "What sound is this?"


@dataclass(frozen=True)
class Site:
    """A stack of attention modules whose heads are read.

    kind: "decoder" (self-attention), "cross" (decoder to audio) or "encoder".
    layers: path of the list of layers, from the loaded model.
    attention: name of the attention module in each layer.
    pool: "last" (the last prompt token) or "mean" (over the clip's true frames).
    """

    kind: str
    layers: str
    attention: str
    pool: str


@dataclass(frozen=True)
class Family:
    """All that the library needs to know about one family of models.

    name: for people. model_class: the class in transformers. sites: where its heads are.
    encoder: path of the audio encoder. masks_padding: whether the encoder ignores the padding
    after a clip, so that cutting the padding short changes nothing. question: asked by default.
    prompt(lalm, question): the text before the answer, as the tokenizer will see it.
    inputs(lalm, waveforms, prompts, samples): the model's arguments for a batch, padded on the
    left to the longest prompt and on the right to `samples` samples, and the number of mel
    frames in each clip, (B,).
    """

    name: str
    model_class: str
    sites: tuple[Site, ...]
    encoder: str
    masks_padding: bool
    question: str
    prompt: Callable
    inputs: Callable


def whisper_prompt(lalm, question: str) -> str:
    """Start-of-transcript tokens; a question goes before them, as what was said earlier."""
    earlier = f"<|startofprev|> {question.strip()}" if question.strip() else ""
    by_size = lalm.model.config.vocab_size >= MULTILINGUAL_VOCABULARY
    multilingual = getattr(lalm.model.generation_config, "is_multilingual", by_size)
    task = "<|en|><|transcribe|>" if multilingual else ""
    return f"{earlier}<|startoftranscript|>{task}<|notimestamps|>"


def whisper_inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features for the encoder, the prompt for the decoder; see `Family.inputs`."""
    audio = lalm.processor.feature_extractor(
        waveforms,
        sampling_rate=lalm.rate,
        max_length=samples,
        padding="max_length",
        return_attention_mask=True,
        return_tensors="pt",
    )
    tokens, mask = left_pad(
        lalm.processor.tokenizer(prompts, add_special_tokens=False)["input_ids"]
    )
    length, most = tokens.shape[1], lalm.model.config.max_target_positions
    if length > most:
        raise ValueError(f"the prompt has {length} tokens, but Whisper takes {most}: ask less.")
    inputs = {
        "input_features": audio["input_features"],
        "decoder_input_ids": tokens,
        "decoder_attention_mask": mask,
        "decoder_position_ids": positions(mask),
    }
    return inputs, audio["attention_mask"].sum(-1)


def qwen2_audio_prompt(lalm, question: str) -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    content = [{"type": "audio", "audio_url": "clip"}, {"type": "text", "text": question}]
    chat = [{"role": "user", "content": content}]
    return lalm.processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)


def qwen2_audio_inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    batch = lalm.processor(
        text=prompts,
        audio=waveforms,
        sampling_rate=lalm.rate,
        audio_kwargs={"max_length": samples},
        text_kwargs={"padding": True, "padding_side": "left"},
        return_tensors="pt",
    )
    inputs = dict(batch)
    inputs["position_ids"] = positions(inputs["attention_mask"])
    tokens = (inputs["input_ids"] == lalm.model.config.audio_token_id).sum(-1)
    if not torch.all(tokens > 0):
        clips = np.flatnonzero(tokens.numpy() == 0).tolist()
        raise ValueError(f"the prompts of clips {clips} in this batch hold no audio tokens.")
    return inputs, inputs["feature_attention_mask"].sum(-1)


def left_pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows padded on the left to the longest, and the mask of true tokens, both (B, T).

    Whisper's tokenizer need not have a padding token; what stands under the mask is not read.
    """
    longest = max(map(len, rows))
    tokens = [[row[0]] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(tokens), torch.tensor(mask)


def positions(attention_mask: torch.Tensor) -> torch.Tensor:
    """Positions that start at 0 on each row's first true token, (B, T) → (B, T)."""
    return (attention_mask.cumsum(-1) - 1).clamp(min=0)


FAMILIES = {
    "whisper": Family(
        name="Whisper",
        model_class="WhisperForConditionalGeneration",
        sites=(
            Site("decoder", "model.decoder.layers", "self_attn", "last"),
            Site("cross", "model.decoder.layers", "encoder_attn", "last"),
            Site("encoder", "model.encoder.layers", "self_attn", "mean"),
        ),
        encoder="model.encoder",
        masks_padding=False,
        question="",
        prompt=whisper_prompt,
        inputs=whisper_inputs,
    ),
    "qwen2_audio": Family(
        name="Qwen2-Audio",
        model_class="Qwen2AudioForConditionalGeneration",
        sites=(
            Site("decoder", "model.language_model.layers", "self_attn", "last"),
            Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
        ),
        encoder="model.audio_tower",
        masks_padding=True,
        question=QUESTION,
        prompt=qwen2_audio_prompt,
        inputs=qwen2_audio_inputs,
    ),
}
