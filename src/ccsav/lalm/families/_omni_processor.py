"""The Omni processors for sounds alone: those of transformers need torchvision, for videos."""

from collections.abc import Callable

import transformers
from transformers.processing_utils import ProcessorMixin


def hearing(name: str) -> Callable:
    """What loads an Omni processor, by its class's name, without its parts for pictures and videos.

    The rest is as it was; `AutoProcessor.from_pretrained` needs torchvision.
    """

    def load(name_or_path, **options):
        class Hearing(getattr(transformers, name)):
            # transformers reads in this signature what there is to load
            def __init__(self, feature_extractor=None, tokenizer=None, chat_template=None):
                ProcessorMixin.__init__(
                    self, feature_extractor, tokenizer, chat_template=chat_template
                )
                self.audio_token = tokenizer.audio_token
                self.audio_token_id = tokenizer.audio_token_id

        return Hearing.from_pretrained(name_or_path, **options)

    return load
