"""From speech and its line to words and phones with exact times."""
