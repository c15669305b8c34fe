"""Tries laws on cases: draws, searches for the smallest failing case, climbs the ladder."""
