"""What is known of each member as of a date: one function for training and for serving."""
