"""The demo's material: everything `curate demo` needs, inside the wheel."""
