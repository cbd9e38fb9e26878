"""Qwen2.5-Omni: its thinker, which takes audio and video and writes; speech output is left out.

Its checkpoints are of the full model (`qwen2_5_omni`) or of a thinker saved alone.
"""

import torch

from ._family import (
    TOWER_SITES,
    Family,
    chat_prompt,
    check_audio_tokens,
    stride_2_frames,
    whisper_features,
)
from ._omni_processor import audio_processor_loader
from ._omni_video import read_frame_settings, video_patches, video_tokens


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`.

    The model drops the padding after each clip itself, and derives positions from the attention
    mask. In its encoder the frames of all clips follow one another, (sum of frames, F).
    """
    arguments, frames = omni_features(lalm, waveforms, samples)
    token = lalm.processor.audio_token
    texts = [
        text.replace(token, token * (number // 2))
        for text, number in zip(prompts, frames.tolist(), strict=True)
    ]
    arguments |= omni_tokens(lalm, texts)
    check_audio_tokens(arguments, lalm.model.config.audio_token_id)
    return arguments, frames


def _video_inputs(lalm, videos, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Patches of the videos, and a chat with their tokens; see `Family.video_inputs`.

    With waveforms, the tokens of frames and sound alternate, every 2 s.
    """
    settings = lalm.processor.frame_settings.at_most(lalm.max_pixels)
    pixels, seconds = settings[1:], settings.seconds_per_grid
    patches, grids = zip(*(video_patches(video, *pixels) for video in videos), strict=True)
    arguments, frames = {}, torch.zeros(len(videos), dtype=torch.long)
    audio_tokens = [None] * len(videos)
    if waveforms is not None:
        arguments, frames = omni_features(lalm, waveforms, samples)
        arguments["use_audio_in_video"] = torch.tensor(True)
        audio_tokens = (frames // 2).tolist()
    texts = [
        text.replace("<|VIDEO|>", video_tokens(grid, number, seconds))
        for text, grid, number in zip(prompts, grids, audio_tokens, strict=True)
    ]
    arguments |= omni_tokens(lalm, texts)
    arguments["pixel_values_videos"] = torch.cat(patches)
    arguments["video_grid_thw"] = torch.stack(grids)
    arguments["video_second_per_grid"] = torch.full((len(videos),), seconds)
    if waveforms is not None:
        check_audio_tokens(arguments, lalm.model.config.audio_token_id)
    return arguments, frames


def _processor(name_or_path, revision=None):
    """The processor for audio, with the model's settings for frames as `frame_settings`."""
    processor = audio_processor_loader("Qwen2_5OmniProcessor")(name_or_path, revision)
    processor.frame_settings = read_frame_settings(name_or_path, revision)
    return processor


def omni_features(lalm, waveforms, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features with the mask of true ones, and the encoder frames of each clip, (B,)."""
    mel, true = whisper_features(lalm, waveforms, samples)
    return {"input_features": mel, "feature_attention_mask": true}, stride_2_frames(true.sum(-1))


def omni_tokens(lalm, texts: list[str]) -> dict:
    """Tokens and attention mask of a batch, (B, T), padded on the left."""
    return dict(
        lalm.processor.tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")
    )


QWEN2_5_OMNI = Family(
    name="Qwen2.5-Omni",
    model_class="Qwen2_5OmniThinkerForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat_prompt,
    inputs=_inputs,
    video_inputs=_video_inputs,
    masks_padding=True,
    processor=_processor,
    unused=("talker.", "token2wav."),
)
