"""Granite Speech and Granite Speech Plus: features without torchaudio, and the audio adapter."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import torch
from transformers import AutoTokenizer
from transformers.audio_utils import mel_filter_bank
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor

from ._adapter import fold
from ._family import Family, Site, spelled, with_audio

# The template's own system message holds today's date: head vectors would change every day.
SYSTEM = (
    "Knowledge Cutoff Date: April 2024.\nToday's Date: December 19, 2024.\n"
    "You are Granite, developed by IBM. You are a helpful AI assistant"
)


class GraniteFeatures(SequenceFeatureExtractor):
    """What GraniteSpeechFeatureExtractor computes, from its own settings, without torchaudio.

    As in that class, saved `melspec_kwargs` are not read back: the defaults stand.
    """

    def __init__(
        self,
        sampling_rate=16_000,
        n_fft=512,
        win_length=400,
        hop_length=160,
        n_mels=80,
        projector_window_size=15,
        projector_downsample_rate=5,
        padding_value=0.0,
        **kwargs,
    ):
        kwargs["feature_size"] = kwargs.get("feature_size") or n_mels
        super().__init__(sampling_rate=sampling_rate, padding_value=padding_value, **kwargs)
        self.melspec_kwargs = {
            "sample_rate": sampling_rate,
            "n_fft": n_fft,
            "win_length": win_length,
            "hop_length": hop_length,
            "n_mels": n_mels,
        }
        self.projector_window_size = projector_window_size
        self.projector_downsample_rate = projector_downsample_rate

    def __call__(self, waveforms) -> torch.Tensor:
        """Pairs of normalised log-mel frames, (B, T, 2 · mels), of clips of one length (B, S)."""
        mel = self.melspec_kwargs
        window = torch.hann_window(mel["win_length"])
        spectrum = torch.stft(
            torch.from_numpy(np.stack(waveforms)).float(), mel["n_fft"], mel["hop_length"],
            mel["win_length"], window, return_complex=True,
        )  # fmt: skip
        bands, top = mel["n_fft"] // 2 + 1, mel["sample_rate"] / 2
        bank = mel_filter_bank(bands, mel["n_mels"], 0.0, top, mel["sample_rate"])
        power = spectrum.abs().square().transpose(1, 2)  # (B, frames, bands)
        log = (power @ torch.from_numpy(bank).float()).clamp(min=1e-10).log10()
        log = torch.maximum(log, log.amax((1, 2), keepdim=True) - 8) / 4 + 1
        return log[:, : log.shape[1] // 2 * 2].reshape(len(log), -1, 2 * mel["n_mels"])

    def tokens(self, frames: int) -> int:
        """Audio tokens that the projector makes of so many encoder frames."""
        size = self.projector_window_size
        return -(-frames // size) * (size // self.projector_downsample_rate)


def _processor(name_or_path, **options) -> SimpleNamespace:
    """Tokenizer and features; `AutoProcessor` wants torchaudio."""
    return SimpleNamespace(
        tokenizer=AutoTokenizer.from_pretrained(name_or_path, **options),
        feature_extractor=GraniteFeatures.from_pretrained(name_or_path, **options),
    )


def _adapt(model, name_or_path, revision=None) -> int:
    """Add the audio adapter that lies beside the weights to them, unless peft has loaded it."""
    if not model.config.has_lora_adapter or model._hf_peft_config_loaded:
        return 0
    return fold(model, name_or_path, revision=revision)


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    chat = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"<|audio|>{question}"},
    ]
    tokenizer = lalm.processor.tokenizer
    return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with ten audio tokens per second; see `Family.inputs`.

    `samples` is not used: the encoder hears any padding, so that there must be none.
    """
    features = lalm.processor.feature_extractor(waveforms)
    frames = features.shape[1]
    audio = lalm.processor.feature_extractor.tokens(frames)
    texts = [text.replace("<|audio|>", "<|audio|>" * audio) for text in prompts]
    arguments = with_audio(spelled(lalm, texts), lalm.model.config.audio_token_id, audio)
    return arguments | {"input_features": features}, torch.full((len(waveforms),), frames)


GRANITE_SPEECH = Family(
    name="Granite Speech",
    model_class="GraniteSpeechForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.encoder.layers", "attn", "mean", "to_out", "dim_head"),
    ),
    prompt=_prompt,
    inputs=_inputs,
    window=30.0,  # ours: the model sets none
    equal_lengths=True,
    adapt=_adapt,
    processor=_processor,
)
GRANITE_SPEECH_PLUS = dataclasses.replace(
    GRANITE_SPEECH,
    name="Granite Speech Plus",
    model_class="GraniteSpeechPlusForConditionalGeneration",
)
