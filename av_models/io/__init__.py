"""The only layer that opens files: sound, picture, captions, timelines and the content store."""
