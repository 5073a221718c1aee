"""What every use case needs: ports, commits, tasks."""
