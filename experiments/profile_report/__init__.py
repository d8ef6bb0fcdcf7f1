"""What is known of a programme's members as of a date, as one page for people and one JSON object for programs."""
