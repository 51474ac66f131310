"""Weights by name: the table of those that are known, how they are fetched, and the model folders made of them."""
