"""Run cycles, and keep what they run on."""
