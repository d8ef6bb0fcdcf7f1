"""CEL behind one adapter: what an expression is made of, what it may cost, and what it says of many rows."""
