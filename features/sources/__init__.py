"""One adapter a source: from raw files to rows in canonical columns, each with the reason why it is refused, if any."""
