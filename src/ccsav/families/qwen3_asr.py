"""Qwen3-ASR: transcription models; the encoder packs clips and attends within 8 s."""

import torch

from ._family import Family, Site, positions, with_audio


def prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template; a question goes before the clip, as its context."""
    turns = [
        {"role": "system", "content": [{"type": "text", "text": question}]},
        {"role": "user", "content": [{"type": "audio", "audio": "clip"}]},
    ]
    return lalm.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features in chunks of a second, 13 audio tokens to each; see `Family.inputs`.

    Clips are filled up to whole chunks with silence, not with the zeros of the processor, so that
    the features of a clip are the same in every batch. At the encoder's heads clips are packed,
    one after the other, (sum of frames, F): a frame is a token.
    """
    extractor, audio = lalm.processor.feature_extractor, lalm.model.config.audio_token_id
    chunk = 2 * extractor.n_window * extractor.hop_length
    arguments = dict(
        lalm.processor(
            text=prompts,
            audio=waveforms,
            audio_kwargs={
                "max_length": -(-samples // chunk) * chunk,
                "padding": "max_length",
                "sampling_rate": lalm.rate,
            },
            text_kwargs={"padding": True, "padding_side": "left"},
            return_tensors="pt",
        )
    )
    arguments["position_ids"] = positions(arguments["attention_mask"])
    frames = (arguments["input_ids"] == audio).sum(-1)
    return with_audio(arguments, audio), frames


QWEN3_ASR = Family(
    name="Qwen3-ASR",
    model_class="Qwen3ASRForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
    ),
    prompt=prompt,
    inputs=inputs,
    question="",
    masks_padding=True,
)
