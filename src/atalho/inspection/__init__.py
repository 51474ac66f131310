"""Looking into networks: what they are made of, and what flows through them."""
