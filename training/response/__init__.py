"""What an offer causes: cells of the programme's own history, and learners of uplift on randomised comparisons."""
