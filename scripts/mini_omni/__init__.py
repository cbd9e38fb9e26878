"""What the mini omni model is made of: questions, clips and the untrained model."""
