"""The words of the trade as frozen values: standard library only, no arrays, no paths, no models."""
