"""For learners: a starter to fill in, hints by degrees, and a check at every save."""
