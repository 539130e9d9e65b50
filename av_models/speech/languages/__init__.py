"""Written language to spoken words, one module for each language, all behind one protocol."""
