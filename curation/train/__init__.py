"""Train: LoRA adapters from exported mixes, with a ledger of every row they learned from."""
