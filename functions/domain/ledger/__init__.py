"""Fills, lots, books, and what a period earned."""
