"""Qwen3-Omni: its thinker, which takes audio and writes; speech output is left out.

Its checkpoints are of the full model (`qwen3_omni_moe`) or of a thinker saved alone.
"""

import torch
from torch.nn.functional import pad

from ._family import TOWER_SITES, Family, chat_prompt, check_audio_tokens
from ._omni_processor import audio_processor_loader
from .qwen2_5_omni import omni_features, omni_tokens

PIECE, FRAMES = 100, 13  # the encoder makes 13 frames of each piece of 100 mel frames, 1 s


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with 13 audio tokens per second; see `Family.inputs`.

    The model drops the padding after each clip itself, and derives positions from the attention
    mask. In its encoder the frames of all clips follow one another, (sum of frames, F), with
    thirteen more at the end if all clips are shorter than a second, see `_with_full_piece`.
    """
    arguments, _ = omni_features(lalm, waveforms, samples)
    mel = arguments["feature_attention_mask"].sum(-1)
    if mel.max() < PIECE:
        arguments = {name: _with_full_piece(x) for name, x in arguments.items()}
    frames, token = _encoder_frames(mel), lalm.processor.audio_token
    texts = [
        text.replace(token, token * number)
        for text, number in zip(prompts, frames.tolist(), strict=True)
    ]
    arguments |= omni_tokens(lalm, texts)
    check_audio_tokens(arguments, lalm.model.config.audio_token_id)
    return arguments, frames


def _with_full_piece(x):
    """Add a clip of ones, a full piece, that belongs to no prompt, (B, ..., T) → (B + 1, ...).

    The encoder pads pieces to the longest of the batch before its convolutions, whose biases
    then carry padding into the clip's last frame. With a full piece, all are padded to its length.
    """
    x = pad(x, (0, PIECE - x.shape[-1]))
    return torch.cat([x, torch.ones_like(x[:1])])


def _encoder_frames(mel_frames):
    """Frames of the encoder, one per audio token of the prompt, (B,) → (B,)."""
    return mel_frames // PIECE * FRAMES + (mel_frames % PIECE + 7) // 8


QWEN3_OMNI_MOE = Family(
    name="Qwen3-Omni",
    model_class="Qwen3OmniMoeThinkerForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat_prompt,
    inputs=_inputs,
    masks_padding=True,
    processor=audio_processor_loader("Qwen3OmniMoeProcessor"),
    unused=("talker.", "code2wav."),
)
