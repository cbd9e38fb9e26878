"""The untrained mini LALM: its tokenizer, its processor, and a model of 7 million parameters."""

import copy
import json

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Tokenizer,
    WhisperFeatureExtractor,
)

from mini_lalm.questions import DIGITS, PHRASINGS

SECONDS, MEL_BINS = 4, 64
VOCABULARY = 1000
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SPECIAL += ("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
AUDIO = {
    "model_type": "qwen2_audio_encoder",
    "num_mel_bins": MEL_BINS,
    "d_model": 192,
    "encoder_layers": 4,
    "encoder_attention_heads": 6,
    "encoder_ffn_dim": 768,
    "max_source_positions": 50 * SECONDS,
}
TEXT = {
    "model_type": "qwen2",
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 32,
    "max_position_embeddings": 1024,
}
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>"
    "{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build_tokenizer(names: list[str], families: list[str]) -> Qwen2Tokenizer:
    """Byte-pair encoding of the words of all questions and answers.

    A space is a separate token, so that a name has the same tokens in a question and an answer.
    """
    answers = "yes no high low loud soft real resynthesised user assistant"
    words = " ".join([*names, *DIGITS, *families, answers]).split()
    asked = " ".join(p.format(x="") for ps in PHRASINGS.values() for p in ps).split()
    vocabulary, merges = learned_pairs(words, asked)
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    tokenizer.add_tokens(list(SPECIAL), special_tokens=True)
    tokenizer.pad_token, tokenizer.eos_token = "<|endoftext|>", "<|im_end|>"
    return tokenizer


def learned_pairs(words: list[str], asked: list[str]) -> tuple[dict, list[tuple]]:
    """Vocabulary and merges of a byte-pair encoding, learned from single words.

    words: of answers, which count 20 times; asked: of questions.
    """
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[SPECIAL[0]],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    raw.train_from_iterator([*asked, *20 * words], trainer)
    learned = json.loads(raw.to_str())["model"]
    return learned["vocab"], [tuple(pair) for pair in learned["merges"]]


def build_processor(tokenizer: Qwen2Tokenizer) -> Qwen2AudioProcessor:
    """Log-mel features of up to 4 s, and a chat template."""
    extractor = WhisperFeatureExtractor(feature_size=MEL_BINS, chunk_length=SECONDS)
    return Qwen2AudioProcessor(extractor, tokenizer, chat_template=TEMPLATE)


def build_model(tokenizer: Qwen2Tokenizer, seed: int) -> Qwen2AudioForConditionalGeneration:
    """A model with random weights; the encoder's positions are fixed sines, as in Whisper.

    The output layer shares the weights of the token embeddings. The class cannot save this: use
    `untied` before saving the model.
    """
    end, pad = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    text = TEXT | {"vocab_size": len(tokenizer), "eos_token_id": end, "pad_token_id": pad}
    index = tokenizer.convert_tokens_to_ids("<|AUDIO|>")
    torch.manual_seed(seed)
    model = Qwen2AudioForConditionalGeneration(
        Qwen2AudioConfig(audio_config=AUDIO, text_config=text, audio_token_index=index)
    )
    table = model.model.audio_tower.embed_positions.weight  # (positions, width)
    scale = 10_000 ** torch.linspace(0, 1, table.shape[1] // 2)
    angle = torch.arange(table.shape[0])[:, None] / scale
    with torch.no_grad():
        table.copy_(torch.cat([angle.sin(), angle.cos()], dim=1))
    model.lm_head.weight = model.get_input_embeddings().weight
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = pad
    return model


def untied(model: Qwen2AudioForConditionalGeneration) -> Qwen2AudioForConditionalGeneration:
    """A copy in float16 whose output layer has separate weights."""
    model = copy.deepcopy(model).half()
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.detach().clone())
    return model
