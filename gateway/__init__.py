"""THE INSTITUTION'S SERVICE: doors, services, peers and workers around the wallet and the menus."""
