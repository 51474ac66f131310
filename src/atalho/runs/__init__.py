"""The life of one run: it begins, is resumed or followed, and is finished."""
