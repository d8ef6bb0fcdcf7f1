"""What `recsys doctor` looks at, one file a group of parts."""
