"""What an evaluation leaves: scores, themes, plots, pictures."""
