"""Few-shot episodes, and the accuracy of methods on them."""
