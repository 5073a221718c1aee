"""Who may sign in to a tenant, and in which role."""
