"""Who gets which offer when budgets, stocks and caps are shared by everybody."""
