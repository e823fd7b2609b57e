"""The hands: starts, limits, stops and reaps every job process. Standard library only."""
