"""One whole round of the hotline on loopback with phones and a gateway that are not ours: ``make demo``."""
