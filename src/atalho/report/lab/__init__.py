"""How the experiments of the laboratory are shown: one file each, made from a result alone; no torch."""
