"""What the notebooks do with ccsav: sounds made by rule, probes, ablations, figures, checks."""
