"""From head vectors to a weight for every head and class; arrays alone, no model."""
