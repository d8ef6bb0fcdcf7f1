"""From draft to live: who did what with which version, and what is in force."""
