"""How somebody speaks, in numbers: what they say often, and how far another text sounds like them."""
