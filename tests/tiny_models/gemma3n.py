"""A small Gemma 3n without its vision tower, which is made by timm: nothing else is left out."""

import json
from pathlib import Path

import torch
from transformers import (
    AutoModel,
    Gemma3nAudioFeatureExtractor,
    Gemma3nConfig,
    Gemma3nForConditionalGeneration,
    Gemma3nProcessor,
    Gemma3nVisionConfig,
    GemmaTokenizer,
    PreTrainedModel,
    SiglipImageProcessorPil,
)

from .common import perturbed

TEMPLATE = (
    "{{ bos_token }}{%- for message in messages -%}{{ '<start_of_turn>' + message['role'] + '\n' }}"
    "{%- for part in message['content'] -%}{%- if part['type'] == 'audio' -%}"
    "{{ '<audio_soft_token>' }}{%- else -%}{{ part['text'] | trim }}{%- endif -%}{%- endfor -%}"
    "{{ '<end_of_turn>\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}"
)
SPECIAL = {"boa_token": "<start_of_audio>", "boi_token": "<start_of_image>"}
SPECIAL |= {"eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
SPECIAL |= {"eoa_token": "<end_of_audio>", "audio_token": "<audio_soft_token>"}


class _NoVision(Gemma3nVisionConfig):
    model_type = "tiny_blind"


class _NoVisionTower(PreTrainedModel):
    config_class = _NoVision

    def __init__(self, config):
        super().__init__(config)
        self.post_init()


def gemma3n(folder: Path) -> Path:
    """A Gemma 3n: local and global layers, the upper two without keys; heads of 24 and 8."""
    AutoModel.register(_NoVision, _NoVisionTower, exist_ok=True)
    plain = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"]
    plain += [*(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(33, 127))]
    vocabulary = {token: i for i, token in enumerate(plain)}
    tokenizer = GemmaTokenizer(vocab=vocabulary, extra_special_tokens=SPECIAL)
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in SPECIAL.items()}
    first, total = ids["eoi_token"], len(tokenizer) + 1  # the last is audio's padding
    text = dict(vocab_size=total, vocab_size_per_layer_input=first, hidden_size=64, head_dim=24)
    text |= dict(intermediate_size=96, num_hidden_layers=4, num_attention_heads=4)
    text |= dict(num_key_value_heads=2, num_kv_shared_layers=2, sliding_window=32, laurel_rank=4)
    text |= dict(layer_types=["sliding_attention", "full_attention"] * 2)
    text |= dict(hidden_size_per_layer_input=8, activation_sparsity_pattern=[0.95] * 2 + [0.0] * 2)
    audio = dict(vocab_size=3, vocab_offset=first + 2, hidden_size=32, conf_num_hidden_layers=2)
    audio |= dict(conf_num_attention_heads=4, sscp_conv_channel_size=[8, 4])
    vision = dict(vocab_size=2, vocab_offset=first, hidden_size=16)
    config = Gemma3nConfig(
        text_config=text,
        audio_config=audio,
        vision_config=_NoVision(**vision),
        boi_token_id=ids["boi_token"],
        eoi_token_id=ids["eoi_token"],
        image_token_id=ids["image_token"],
        boa_token_id=ids["boa_token"],
        eoa_token_id=ids["eoa_token"],
        audio_token_id=ids["audio_token"],
    )
    torch.manual_seed(0)
    perturbed(Gemma3nForConditionalGeneration(config)).save_pretrained(folder)
    path = Path(folder, "config.json")
    saved = json.loads(path.read_text())
    saved["vision_config"] = Gemma3nVisionConfig(**vision).to_dict()  # as on the hub
    path.write_text(json.dumps(saved))
    processor = Gemma3nProcessor(
        Gemma3nAudioFeatureExtractor(), SiglipImageProcessorPil(), tokenizer, TEMPLATE
    )
    processor.save_pretrained(folder)
    return folder
