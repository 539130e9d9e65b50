"""Everything of Understudy that would still make sense without Prefect: arrays in, arrays out."""
