"""From recordings and their texts to clips that a voice can be trained on. Arrays in, arrays out."""
