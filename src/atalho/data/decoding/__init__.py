"""From image files to pixels: which files can be read, what is in them, decoded by processes, packed and kept."""
