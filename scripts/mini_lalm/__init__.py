"""What the mini LALM is made of: questions, clips and the untrained model."""
