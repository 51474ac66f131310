"""Training: the recipe, the loop and everything that a resume needs."""
