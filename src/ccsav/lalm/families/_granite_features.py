"""Granite Speech's log-mel features without torchaudio."""

import math

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor


class GraniteFeatures(SequenceFeatureExtractor):
    """The features of GraniteSpeechFeatureExtractor, from its own settings, without torchaudio.

    As in that class, saved `melspec_kwargs` are not read: the defaults are used.
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
        """Number of audio tokens that the projector makes from so many encoder frames."""
        size = self.projector_window_size
        return math.ceil(frames / size) * (size // self.projector_downsample_rate)
