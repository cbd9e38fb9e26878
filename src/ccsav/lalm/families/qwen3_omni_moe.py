"""Qwen3-Omni: its thinker, which listens and writes; what speaks is left out.

Its checkpoints are of the full model (`qwen3_omni_moe`) or of a thinker saved alone.
"""

import torch
from torch.nn.functional import pad

from ._family import TOWER_SITES, Family, chat, with_audio
from ._omni_processor import hearing
from .qwen2_5_omni import features, tokens

PIECE, FRAMES = 100, 13  # the encoder makes 13 frames of each piece of 100 mel frames, 1 s


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with 13 audio tokens per second; see `Family.inputs`.

    The model drops the padding after each clip itself, and derives positions from the attention
    mask. Its encoder hands the frames of all clips on in one piece, (sum of frames, F), with
    thirteen more at the end where all clips are shorter than a second, see `fill`.
    """
    arguments, _ = features(lalm, waveforms, samples)
    mel = arguments["feature_attention_mask"].sum(-1)
    if mel.max() < PIECE:
        arguments = {name: fill(x) for name, x in arguments.items()}
    frames, token = encoder_frames(mel), lalm.processor.audio_token
    texts = [
        text.replace(token, token * number)
        for text, number in zip(prompts, frames.tolist(), strict=True)
    ]
    arguments |= tokens(lalm, texts)
    return with_audio(arguments, lalm.model.config.audio_token_id), frames


def fill(x: torch.Tensor) -> torch.Tensor:
    """Add a last clip of ones, a piece long, of which no prompt asks, (B, ..., T) → (B + 1, ...).

    The encoder pads pieces to the longest of the batch before its convolutions, whose biases
    then reach from the padding into the clip's last frame. With this one, each is padded alike.
    """
    x = pad(x, (0, PIECE - x.shape[-1]))
    return torch.cat([x, torch.ones_like(x[:1])])


def encoder_frames(mel_frames: torch.Tensor) -> torch.Tensor:
    """Frames of the encoder, which are tokens of the prompt too, (B,) → (B,)."""
    return mel_frames // PIECE * FRAMES + -(-(mel_frames % PIECE) // 8)


QWEN3_OMNI_MOE = Family(
    name="Qwen3-Omni",
    model_class="Qwen3OmniMoeThinkerForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat,
    inputs=_inputs,
    masks_padding=True,
    processor=hearing("Qwen3OmniMoeProcessor"),
    unused=("talker.", "code2wav."),
)
