"""What a user asks for, one file each: train, evaluate, predict, import. The command line only parses, calls and prints."""
