"""What a user asks for, one file each; the command line only parses, calls and prints."""
