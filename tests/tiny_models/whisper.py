"""A tiny Whisper, whose byte-level vocabulary has no merges: every text can be written."""

from pathlib import Path

import torch
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from .common import ALPHABET, SECONDS, save


def whisper(folder: Path, *, multilingual: bool = False) -> Path:
    """A Whisper with 2+2 layers; a decoder head is 12 numbers long, an encoder head too."""
    names = ["<|endoftext|>", "<|startoftranscript|>", "<|startofprev|>", "<|notimestamps|>"]
    names += ["<|en|>", "<|transcribe|>"]
    vocabulary = {"<|endoftext|>": 0} | {letter: i for i, letter in enumerate(ALPHABET, start=1)}
    tokenizer = WhisperTokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_tokens(names, special_tokens=True)
    start = tokenizer.convert_tokens_to_ids("<|startoftranscript|>")
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(tokenizer),
            num_mel_bins=80,
            d_model=48,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=96,
            decoder_ffn_dim=96,
            max_source_positions=50 * SECONDS,
            max_target_positions=64,
            decoder_start_token_id=start,
            pad_token_id=0,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    model.generation_config.is_multilingual = multilingual
    model.generation_config._from_model_config = False  # keep what was just set when loading
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=SECONDS)
    return save(folder, model, WhisperProcessor(extractor, tokenizer))
