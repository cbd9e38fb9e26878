"""A small Gemma 4 with an audio encoder."""

import json
from pathlib import Path

import torch
from transformers import (
    Gemma4AudioFeatureExtractor,
    Gemma4Config,
    Gemma4ForConditionalGeneration,
    GemmaTokenizer,
)

from .common import perturbed

TEMPLATE = (
    "{{ bos_token }}{%- for message in messages -%}{{ '<|turn>' + message['role'] + '\n' }}"
    "{%- for part in message['content'] -%}{%- if part['type'] == 'audio' -%}{{ '<|audio|>' }}"
    "{%- else -%}{{ part['text'] | trim }}{%- endif -%}{%- endfor -%}{{ '<turn|>\n' }}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{ '<|turn>model\n' }}{%- endif -%}"
)
SPECIAL = {"image_token": "<|image|>", "boi_token": "<|image>", "eoi_token": "<image|>"}
SPECIAL |= {"audio_token": "<|audio|>", "boa_token": "<|audio>", "eoa_token": "<audio|>"}


def gemma4(folder: Path) -> Path:
    """A Gemma 4: heads of 24 in local layers, 32 in global ones, 8 in the clipped encoder."""
    plain = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<|turn>", "<turn|>", "<|video|>"]
    plain += [*(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(33, 127))]
    vocabulary = {token: i for i, token in enumerate(plain)}
    tokenizer = GemmaTokenizer(vocab=vocabulary, extra_special_tokens=SPECIAL)
    tokenizer.chat_template = TEMPLATE
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in SPECIAL.items()}
    text = dict(vocab_size=len(tokenizer), vocab_size_per_layer_input=len(tokenizer))
    text |= dict(hidden_size=64, intermediate_size=96, num_attention_heads=4, head_dim=24)
    text |= dict(num_hidden_layers=4, num_key_value_heads=2, num_kv_shared_layers=2)
    text |= dict(layer_types=["sliding_attention", "full_attention"] * 2, sliding_window=32)
    text |= dict(global_head_dim=32, hidden_size_per_layer_input=8)
    audio = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, output_proj_dims=48)
    audio |= dict(subsampling_conv_channels=[128, 4])  # 128 is what 128 mel bands ask for
    vision = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, head_dim=8)
    vision |= dict(num_attention_heads=2, num_key_value_heads=2, position_embedding_size=16)
    config = Gemma4Config(
        text_config=text,
        audio_config=audio,
        vision_config=vision,
        boi_token_id=ids["boi_token"],
        eoi_token_id=ids["eoi_token"],
        image_token_id=ids["image_token"],
        video_token_id=vocabulary["<|video|>"],
        boa_token_id=ids["boa_token"],
        eoa_token_index=ids["eoa_token"],
        audio_token_id=ids["audio_token"],
    )
    torch.manual_seed(0)
    model = perturbed(Gemma4ForConditionalGeneration(config))
    for layer in model.model.audio_tower.layers:  # the official weights come with such bounds
        layer.self_attn.post.input_min.fill_(-0.4)
        layer.self_attn.post.input_max.fill_(0.4)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)  # the processor cannot be made without torchvision
    saved = {"feature_extractor": json.loads(Gemma4AudioFeatureExtractor().to_json_string())}
    saved["processor_class"] = "Gemma4Processor"
    Path(folder, "processor_config.json").write_text(json.dumps(saved))
    return folder
