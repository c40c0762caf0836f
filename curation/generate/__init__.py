"""Records that are made from other material: scenarios of difficult clients, knowledge with its citations."""
