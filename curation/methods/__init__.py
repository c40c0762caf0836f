"""Methods that several verbs share and that know no project."""
