"""One Prefect task per stage: its cache key, retry, progress and artifact. The work itself is done in `av_models`."""
