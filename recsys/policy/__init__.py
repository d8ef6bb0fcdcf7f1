"""Who may see what, when and how much: the versioned rule file, compiled to masks over a bundle's arrays."""
