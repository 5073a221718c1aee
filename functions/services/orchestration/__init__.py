"""Run cycles, and store their inputs."""
