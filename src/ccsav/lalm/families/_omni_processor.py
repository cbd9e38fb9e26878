"""The Omni processors for audio alone: those of transformers need torchvision, for videos."""

from collections.abc import Callable

import transformers


def audio_processor_loader(name: str) -> Callable:
    """A function that loads an Omni processor without its parts for images and videos.

    name: of its class in transformers. The other parts are unchanged.
    """

    def load(name_or_path, revision=None):
        from transformers.processing_utils import ProcessorMixin  # takes seconds to import

        class AudioProcessor(getattr(transformers, name)):
            # transformers reads the names of the parts to load from this signature
            def __init__(self, feature_extractor=None, tokenizer=None, chat_template=None):
                ProcessorMixin.__init__(
                    self, feature_extractor, tokenizer, chat_template=chat_template
                )
                self.audio_token = tokenizer.audio_token
                self.audio_token_id = tokenizer.audio_token_id

        return AudioProcessor.from_pretrained(
            name_or_path, revision=revision, trust_remote_code=False
        )

    return load
