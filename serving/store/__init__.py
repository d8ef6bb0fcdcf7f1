"""What the service remembers: decisions, events, members' live facts and keys, in SQLite or PostgreSQL."""
