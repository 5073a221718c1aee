"""What every capability speaks: errors, reasons, policy, slots, and the reading of single values."""
