"""Gemma 3n without its vision tower, which needs the package timm."""

from transformers import (
    AutoConfig,
    AutoModel,
    Gemma3nForConditionalGeneration,
    Gemma3nVisionConfig,
    PreTrainedModel,
)


class NoVisionConfig(Gemma3nVisionConfig):
    """Settings in place of those of a vision tower."""

    model_type = "gemma3n_blind"  # part of the model's fingerprint: caches depend on it


class NoVisionTower(PreTrainedModel):
    """An empty module in place of the vision tower, which audio never passes through."""

    config_class = NoVisionConfig

    def __init__(self, config):
        super().__init__(config)
        self.post_init()


class Gemma3nWithoutVision(Gemma3nForConditionalGeneration):
    """Gemma 3n that ignores the weights of the vision tower in a checkpoint."""

    _keys_to_ignore_on_load_unexpected = (r"vision_tower\.",)


def load_without_vision(name_or_path, revision=None, **options):
    """The model without its vision tower, whether or not timm is installed."""
    AutoModel.register(NoVisionConfig, NoVisionTower, exist_ok=True)
    config = AutoConfig.from_pretrained(name_or_path, revision=revision, trust_remote_code=False)
    vision = config.vision_config
    config.vision_config = NoVisionConfig(
        hidden_size=vision.hidden_size,
        vocab_size=vision.vocab_size,
        vocab_offset=vision.vocab_offset,
        rms_norm_eps=vision.rms_norm_eps,
    )
    return Gemma3nWithoutVision.from_pretrained(
        name_or_path, config=config, revision=revision, trust_remote_code=False, **options
    )
