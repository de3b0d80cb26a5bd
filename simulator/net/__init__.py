"""HTTP client and server helpers of the simulator."""
