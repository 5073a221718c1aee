"""Carry the books from day to day, and measure periods."""
