"""From a script to speech: reading, normalising, pronouncing, and the engines that speak."""
