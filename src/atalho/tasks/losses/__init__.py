"""What training for re-identification minimises besides the cross entropy over identities: one loss a file."""
