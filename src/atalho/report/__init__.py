"""What a run looks like: its figures and its page, made from the files of the run folder alone."""
