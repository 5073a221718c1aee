"""What every capability speaks: errors, reasons, policy, roles, and the reading of single values."""
