"""What a task adds to a backbone: loss, metrics, and a model that is ready for use."""
