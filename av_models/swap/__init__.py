"""The trainable face swap: one encoder, a mouth code in the middle, one decoder a person."""
