"""Gemma 3n without its vision tower, which timm would have to make."""

from transformers import (
    AutoConfig,
    AutoModel,
    Gemma3nForConditionalGeneration,
    Gemma3nVisionConfig,
    PreTrainedModel,
)


class Blind(Gemma3nVisionConfig):
    """Settings of a vision tower that is not there."""

    model_type = "gemma3n_blind"


class BlindTower(PreTrainedModel):
    """No vision tower: the real one is made by timm, and nothing that audio does touches it."""

    config_class = Blind

    def __init__(self, config):
        super().__init__(config)
        self.post_init()


class HearingGemma3n(Gemma3nForConditionalGeneration):
    """Gemma 3n that leaves the weights of the vision tower where they are."""

    _keys_to_ignore_on_load_unexpected = (r"vision_tower\.",)


def load(name_or_path, revision=None, **options):
    """The model without its vision tower, whether or not timm is installed."""
    AutoModel.register(Blind, BlindTower, exist_ok=True)
    config = AutoConfig.from_pretrained(name_or_path, revision=revision)
    vision = config.vision_config
    config.vision_config = Blind(
        hidden_size=vision.hidden_size,
        vocab_size=vision.vocab_size,
        vocab_offset=vision.vocab_offset,
        rms_norm_eps=vision.rms_norm_eps,
    )
    return HearingGemma3n.from_pretrained(name_or_path, config=config, revision=revision, **options)
