"""The demo's material and the loopback hub that serves it; tests use both."""
