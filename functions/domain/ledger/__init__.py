"""Fills, lots, books, and the profit of periods."""
