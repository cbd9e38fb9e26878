"""From head vectors to a weight for every head and class; arrays alone, no model.

Shapes: N clips, K heads, D numbers per head vector, C classes. Functions take torch tensors. A
readout (prototypes or ridge) scores the classes by unit(h) · coef + intercept.
"""
