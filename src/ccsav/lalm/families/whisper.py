"""Whisper: transcription models whose decoder listens by cross-attention."""

import torch

from ._family import Family, Site, halved, left_pad, log_mel, positions

MULTILINGUAL_VOCABULARY = 51_865  # tokens; OpenAI's English-only Whisper models have fewer


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """Start-of-transcript tokens; a question goes before them, as what was said earlier."""
    earlier = f"<|startofprev|> {question.strip()}" if question.strip() else ""
    by_size = lalm.model.config.vocab_size >= MULTILINGUAL_VOCABULARY
    multilingual = getattr(lalm.model.generation_config, "is_multilingual", by_size)
    task = "<|en|><|transcribe|>" if multilingual else ""
    return f"{earlier}<|startoftranscript|>{task}<|notimestamps|>"


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features for the encoder, the prompt for the decoder; see `Family.inputs`."""
    features, true = log_mel(lalm, waveforms, samples)
    tokens, mask = left_pad(
        lalm.processor.tokenizer(prompts, add_special_tokens=False)["input_ids"]
    )
    length, most = tokens.shape[1], lalm.model.config.max_target_positions
    if length > most:
        raise ValueError(f"the prompt has {length} tokens, but Whisper takes {most}: ask less.")
    arguments = {
        "input_features": features,
        "decoder_input_ids": tokens,
        "decoder_attention_mask": mask,
        "decoder_position_ids": positions(mask),
    }
    return arguments, halved(true.sum(-1))


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
