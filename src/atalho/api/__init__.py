"""What a user asks for, one public verb a file."""
