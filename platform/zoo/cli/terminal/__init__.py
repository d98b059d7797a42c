"""What commands share: options, printing, progress, the project."""
