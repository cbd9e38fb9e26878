"""A small Phi-4 multimodal with its speech adapter (LoRA) in a folder of its own."""

from pathlib import Path

import torch
from transformers import (
    GPT2Tokenizer,
    Phi4MultimodalConfig,
    Phi4MultimodalFeatureExtractor,
    Phi4MultimodalForCausalLM,
)

from .adapter import save_adapter
from .common import byte_pairs, perturbed

TEMPLATE = (
    "{%- for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}<|end|>"
    "{%- endfor %}{%- if add_generation_prompt %}<|assistant|>{%- endif %}"
)


def phi4_multimodal(folder: Path) -> Path:
    """A Phi-4 multimodal with 3 layers; its heads are 16 numbers long, in the encoder 8."""
    vocabulary, merges = byte_pairs()
    tokenizer = GPT2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        extra_special_tokens={"image_token": "<|image|>", "audio_token": "<|audio|>"},
    )
    tokenizer.add_tokens(["<|user|>", "<|end|>", "<|assistant|>"], special_tokens=True)
    tokenizer.chat_template = TEMPLATE
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    rope = dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75)
    rope |= dict(short_factor=[1.0] * 5 + [1.2], long_factor=[2.0] * 6)
    audio = dict(hidden_size=32, intermediate_size=48, num_blocks=2, num_attention_heads=4)
    audio |= dict(ext_pw_out_channel=32, depthwise_separable_out_channel=32, nemo_conv_channels=8)
    vision = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=2, crop_size=28)
    vision |= dict(num_attention_heads=2, image_size=28, patch_size=14)
    config = Phi4MultimodalConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        rope_parameters=rope,
        tie_word_embeddings=True,
        bos_token_id=end,
        pad_token_id=end,
        eos_token_id=[end, tokenizer.convert_tokens_to_ids("<|end|>")],
        audio_config=audio | {"audio_token_id": tokenizer.audio_token_id},
        vision_config=vision | {"image_token_id": tokenizer.image_token_id},
    )
    torch.manual_seed(0)
    model = perturbed(Phi4MultimodalForCausalLM(config))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)  # the processor cannot be made without torchvision
    Phi4MultimodalFeatureExtractor().save_pretrained(folder)
    names = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
    targets = r"((.*layers.*self_attn\.(qkv|o)_proj)|(.*layers.*mlp\.(gate_up|down)_proj))"
    save_adapter(Path(folder, "speech-lora"), model.model.layers, "model", names, targets)
    return folder
