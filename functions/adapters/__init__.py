"""The only modules that talk to the cloud, the disk or the clock."""
