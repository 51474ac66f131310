"""What a network can be trained to do, each task whole."""
