"""Raw tables to numbers: the only room below experiments that knows data frames."""
