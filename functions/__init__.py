"""Maestro: the orchestration layer above a trader's automated strategies."""
