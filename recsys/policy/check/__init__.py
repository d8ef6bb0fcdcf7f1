"""Whatever can be said of a policy before it is in force: what is wrong, where, and what to do."""
