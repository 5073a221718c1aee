"""Keep the record that modes are earned by."""
