"""Whisper: transcription models whose decoder reads the audio by cross-attention."""

import torch

from ._family import Family, Site, left_padded, position_ids, stride_2_frames, whisper_features

MULTILINGUAL_VOCABULARY = 51_865  # tokens; OpenAI's English-only Whisper models have fewer


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """Start-of-transcript tokens; a question goes before them, as an earlier transcript."""
    earlier = f"<|startofprev|> {question.strip()}" if question.strip() else ""
    by_size = lalm.model.config.vocab_size >= MULTILINGUAL_VOCABULARY
    multilingual = getattr(lalm.model.generation_config, "is_multilingual", by_size)
    task = "<|en|><|transcribe|>" if multilingual else ""
    return f"{earlier}<|startoftranscript|>{task}<|notimestamps|>"


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features for the encoder, the prompt for the decoder; see `Family.inputs`."""
    features, true = whisper_features(lalm, waveforms, samples)
    tokens, mask = left_padded(
        lalm.processor.tokenizer(prompts, add_special_tokens=False)["input_ids"]
    )
    length, most = tokens.shape[1], lalm.model.config.max_target_positions
    if length > most:
        raise ValueError(
            f"the prompt has {length} tokens, but Whisper takes {most}: shorten the question."
        )
    arguments = {
        "input_features": features,
        "decoder_input_ids": tokens,
        "decoder_attention_mask": mask,
        "decoder_position_ids": position_ids(mask),
    }
    return arguments, stride_2_frames(true.sum(-1))


WHISPER = Family(
    name="Whisper",
    model_class="WhisperForConditionalGeneration",
    sites=(
        Site("decoder", "model.decoder.layers", "self_attn", "last"),
        Site("cross", "model.decoder.layers", "encoder_attn", "last"),
        Site("encoder", "model.encoder.layers", "self_attn", "mean"),
    ),
    prompt=_prompt,
    inputs=_inputs,
    question="",
    before_answer=" ",
    encoder="model.encoder",
)
