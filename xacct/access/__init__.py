"""Who may do what, over all the documents of several accounts: live, planned, or as a manifest has them."""
