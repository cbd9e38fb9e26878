"""Small models of the real classes, random weights, with real processors, saved as folders."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Tokenizer,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

SECONDS = 4  # window of the tiny models
TEXTS = [
    "system\nYou are a helpful assistant.",
    "user\nAudio 1: What sound is this?",
    "assistant\n",
]
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


def whisper(folder: Path, *, multilingual: bool = False) -> Path:
    """A Whisper with 2+2 layers; a decoder head is 12 numbers long, an encoder head too."""
    names = ["<|endoftext|>", "<|startoftranscript|>", "<|startofprev|>", "<|notimestamps|>"]
    names += ["<|en|>", "<|transcribe|>"]
    tokenizer = WhisperTokenizer(vocab=_vocabulary(), merges=[])
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
    return _save(folder, _unlike(model), WhisperProcessor(extractor, tokenizer))


def qwen2_audio(
    folder: Path,
    *,
    seconds: int = SECONDS,
    hidden: int = 64,
    layers: int = 3,
    heads: int = 4,
    head_dim: int = 24,
    audio_width: int = 32,
    audio_layers: int = 2,
) -> Path:
    """A Qwen2-Audio with grouped-query attention, and head_dim unlike hidden / heads."""
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    names += ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]
    vocabulary, merges = _trained()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    tokenizer.add_tokens(names, special_tokens=True)
    torch.manual_seed(0)
    config = Qwen2AudioConfig(
        audio_config={
            "model_type": "qwen2_audio_encoder",
            "num_mel_bins": 80,
            "d_model": audio_width,
            "encoder_layers": audio_layers,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 4 * audio_width,
            "max_source_positions": 50 * seconds,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer),
            "hidden_size": hidden,
            "intermediate_size": 3 * hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads // 2,
            "head_dim": head_dim,
            "max_position_embeddings": 2048,
        },
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=seconds)
    processor = Qwen2AudioProcessor(feature_extractor=extractor, tokenizer=tokenizer)
    return _save(folder, _unlike(Qwen2AudioForConditionalGeneration(config)), processor)


def _vocabulary():
    """Byte-level vocabulary without merges: every text can be written, none is short."""
    return {"<|endoftext|>": 0} | {letter: i for i, letter in enumerate(ALPHABET, start=1)}


def _trained():
    """A vocabulary of byte pairs learned from a few prompts, so that prompts are short."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|endoftext|>"], initial_alphabet=ALPHABET
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    return learned["vocab"], [tuple(pair) for pair in learned["merges"]]


def _unlike(model):
    """Give every weight, biases and norms too, a value of its own, so that no mistake hides."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    return model.eval()


def _save(folder, model, processor):
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
