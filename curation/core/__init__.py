"""The ground every verb stands on. Nothing here imports a verb."""
