"""Commands that look across verbs, and the pipeline that joins the verbs together."""
