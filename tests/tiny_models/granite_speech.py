"""A small Granite Speech: conformer, Q-Former, Granite decoder with an audio adapter (LoRA)."""

import json
from pathlib import Path

import torch
from transformers import (
    GPT2Tokenizer,
    GraniteSpeechConfig,
    GraniteSpeechForConditionalGeneration,
    GraniteSpeechPlusConfig,
    GraniteSpeechPlusForConditionalGeneration,
)

from .adapter import save_adapter
from .common import byte_pairs, perturbed

EXTRACTOR = {
    "feature_extractor_type": "GraniteSpeechFeatureExtractor",
    "melspec_kwargs": {
        "hop_length": 160, "n_fft": 512, "n_mels": 80, "sample_rate": 16000, "win_length": 400
    },
    "projector_downsample_rate": 5,
    "projector_window_size": 15,
    "sampling_rate": 16000,
}  # fmt: skip
TEMPLATE = (  # like the official one, it writes today's date if there is no system message
    "{%- if messages[0]['role'] != 'system' %}<|start_of_role|>system<|end_of_role|>"
    "Today's Date: {{ strftime_now('%B %d, %Y') }}.<|end_of_text|>\n{%- endif %}"
    "{%- for message in messages %}<|start_of_role|>{{ message['role'] }}<|end_of_role|>"
    "{{ message['content'] }}<|end_of_text|>\n{% endfor %}"
    "{%- if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %}"
)


def granite_speech(folder: Path, *, adapter: bool = True, plus: bool = False) -> Path:
    """A Granite Speech, or Speech Plus, whose heads are 24 numbers long, in the encoder 12."""
    vocabulary, merges = byte_pairs()
    tokenizer = GPT2Tokenizer(vocab=vocabulary, merges=merges, padding_side="left")
    names = ["<|end_of_text|>", "<|start_of_role|>", "<|end_of_role|>", "<|audio|>"]
    tokenizer.add_tokens(names, special_tokens=True)
    tokenizer.bos_token = tokenizer.eos_token = tokenizer.pad_token = names[0]
    end = tokenizer.convert_tokens_to_ids("<|end_of_text|>")
    text = dict(model_type="granite", vocab_size=len(tokenizer), hidden_size=64, head_dim=24)
    text |= dict(intermediate_size=96, num_hidden_layers=3, num_attention_heads=4)
    text |= dict(num_key_value_heads=2, max_position_embeddings=2048, eos_token_id=end)
    text |= dict(bos_token_id=end, pad_token_id=end, attention_multiplier=0.2)
    encoder = dict(num_layers=2, hidden_dim=32, num_heads=4, dim_head=12, feedforward_mult=2)
    encoder |= dict(context_size=40, max_pos_emb=48, output_dim=20)
    queries = dict(model_type="blip_2_qformer", hidden_size=32, num_hidden_layers=2)
    queries |= dict(num_attention_heads=4, intermediate_size=64, cross_attention_frequency=1)
    queries |= dict(vocab_size=8, encoder_hidden_size=64 if plus else 32)
    family = (GraniteSpeechPlusConfig, GraniteSpeechPlusForConditionalGeneration)
    family = family if plus else (GraniteSpeechConfig, GraniteSpeechForConditionalGeneration)
    config = family[0](
        text_config=text,
        encoder_config=encoder | ({"cat_hidden_layers": [1]} if plus else {}),
        projector_config=queries,
        audio_token_index=tokenizer.convert_tokens_to_ids("<|audio|>"),
        has_lora_adapter=adapter,
    )
    torch.manual_seed(0)
    model = perturbed(family[1](config))
    model.save_pretrained(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)  # the extractor's class cannot be made without torchaudio
    Path(folder, "preprocessor_config.json").write_text(json.dumps(EXTRACTOR))
    Path(folder, "processor_config.json").write_text(
        '{"processor_class": "GraniteSpeechProcessor"}'
    )
    if adapter:
        names, layers = ["q_proj", "v_proj"], model.get_decoder().layers
        save_adapter(folder, layers, "language_model.model", names, names)
    return folder
