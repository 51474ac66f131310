"""The same contract as the file's store, against a real server."""
