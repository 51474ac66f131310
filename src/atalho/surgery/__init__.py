"""What can be cut out of a trained network, and what can be added to it."""
