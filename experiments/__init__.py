"""Questions to the history and to the machine, with honest answers; nothing imports this room."""
