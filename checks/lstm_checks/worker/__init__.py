"""The subject's own process, and the channel to it: arrays and text cross, never verdicts."""
