"""From files to a checked policy whose every part knows its place."""
