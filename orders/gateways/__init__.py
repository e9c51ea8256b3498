"""Where calls are told from: one file a provider (FLOWS 1)."""
