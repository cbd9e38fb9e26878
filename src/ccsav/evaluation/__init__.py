"""Few-shot episodes, and how well methods do on them."""
