"""What the tiny models share: a byte-pair tokenizer, perturbed weights, saving."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import WhisperFeatureExtractor

SECONDS = 4  # window of the tiny models
MELS = 80
TEXTS = [
    "system\nYou are a helpful assistant.",
    "user\nWhat sound is this?",
    "assistant\n",
]
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


def byte_pairs() -> tuple[dict, list]:
    """A vocabulary of byte pairs learned from a few prompts, so that prompts are short."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|endoftext|>"], initial_alphabet=ALPHABET
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    return learned["vocab"], [tuple(pair) for pair in learned["merges"]]


def extractor(seconds: int = SECONDS) -> WhisperFeatureExtractor:
    """Log-mel features of `seconds` at most."""
    return WhisperFeatureExtractor(feature_size=MELS, chunk_length=seconds)


def perturbed(model):
    """Add noise to all weights: with biases of 0 and norms of 1, mistakes would change nothing."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    return model.eval()


def save(folder: Path, model, *parts) -> Path:
    """Write the model and its processor, or the parts of one, as a folder."""
    for part in (perturbed(model), *parts):
        part.save_pretrained(folder)
    return folder
