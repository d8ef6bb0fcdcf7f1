"""Golden cases: what a policy must do to named members, kept beside it and run by every check."""
