"""Embeddings that are kept and searched: one SQLite file, or PostgreSQL for more than one machine."""
