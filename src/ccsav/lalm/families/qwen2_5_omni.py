"""Qwen2.5-Omni: its thinker, which listens, looks and writes; what speaks is left out.

Its checkpoints are of the full model (`qwen2_5_omni`) or of a thinker saved alone.
"""

import torch

from ._family import TOWER_SITES, Family, chat, halved, log_mel, with_audio
from ._omni_processor import hearing
from ._omni_video import FEWEST_PIXELS, FPS, MOST_PIXELS, layout, patches


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`.

    The model drops the padding after each clip itself, and derives positions from the attention
    mask. Its encoder hands the frames of all clips on in one piece, (sum of frames, F).
    """
    arguments, frames = features(lalm, waveforms, samples)
    token = lalm.processor.audio_token
    texts = [
        text.replace(token, token * (number // 2))
        for text, number in zip(prompts, frames.tolist(), strict=True)
    ]
    arguments |= tokens(lalm, texts)
    return with_audio(arguments, lalm.model.config.audio_token_id), frames


def _video_inputs(lalm, videos, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Patches of the videos, and a chat with their tokens; see `Family.video_inputs`.

    With waveforms, the tokens of pictures and sound take turns, 2 s and 2 s.
    """
    most = lalm.max_pixels or MOST_PIXELS
    shown = [patches(video, min(FEWEST_PIXELS, most), most) for video in videos]
    arguments, frames = {}, torch.zeros(len(videos), dtype=torch.long)
    heard = [None] * len(videos)
    if waveforms is not None:
        arguments, frames = features(lalm, waveforms, samples)
        arguments["use_audio_in_video"] = torch.tensor(True)
        heard = (frames // 2).tolist()
    texts = [
        text.replace("<|VIDEO|>", layout(grid, number))
        for text, (_, grid), number in zip(prompts, shown, heard, strict=True)
    ]
    arguments |= tokens(lalm, texts)
    arguments["pixel_values_videos"] = torch.cat([pixels for pixels, _ in shown])
    arguments["video_grid_thw"] = torch.stack([grid for _, grid in shown])
    arguments["video_second_per_grid"] = torch.ones(len(videos))
    if waveforms is not None:
        with_audio(arguments, lalm.model.config.audio_token_id)
    return arguments, frames


def features(lalm, waveforms, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features with the mask of true ones, and the encoder frames of each clip, (B,)."""
    mel, true = log_mel(lalm, waveforms, samples)
    return {"input_features": mel, "feature_attention_mask": true}, halved(true.sum(-1))


def tokens(lalm, texts: list[str]) -> dict:
    """Tokens and attention mask of a batch, (B, T), padded on the left."""
    return dict(
        lalm.processor.tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")
    )


QWEN2_5_OMNI = Family(
    name="Qwen2.5-Omni",
    model_class="Qwen2_5OmniThinkerForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat,
    inputs=_inputs,
    video_inputs=_video_inputs,
    fps=FPS,
    masks_padding=True,
    processor=hearing("Qwen2_5OmniProcessor"),
    unused=("talker.", "token2wav."),
)
