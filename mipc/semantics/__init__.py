"""What the core language means: one file a meaning, each one ``match`` over the operators."""
