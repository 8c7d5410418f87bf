"""Chapter 07: every reading on the same dogs, what each costs, and what is left for training."""
