"""Re-identification: who is this, among those that other cameras saw?"""
