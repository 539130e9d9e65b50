"""A neural voice: phones to mel frames with explicit durations, pitch and energy, and mel frames to sound."""
