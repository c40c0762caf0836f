"""Records that are made from other material: scenarios of clients, knowledge with its citations, recordings."""
